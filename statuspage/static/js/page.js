// Tells the age of this copy, how long it is until the promised update, and keeps both and the page fresh. Age = the server's Date (and
// Age) minus the stamp in the page. Until the server was asked, the visitor's clock is believed only if it agrees with the stamp.
// It asks for a small file (/fresh.json): while that names the version of the page that stands here, only the stamp is renewed. The page
// itself is asked for when that changes, and every ten minutes for its figures.
// Without this script the page is complete: moments stand there as they are, and a fixed sentence tells the age limit.
(function () {
  var every = 60, near = 90, failed = 0, read = 0, timer, asked, words = byId("said").dataset;
  var age = (Date.now() - stamp(document)) / 1000, sure = Math.abs(age) <= near, ticks = performance.now(), wall = Date.now();
  function byId(id) { return document.getElementById(id); }
  function get(path) { return fetch(path, { cache: "no-cache", credentials: "omit" }); }
  function stamp(doc) { return Date.parse(doc.getElementById("made").dateTime); }
  // Seconds since the stamp. The larger of both clocks counts: one stands still while a phone sleeps.
  function now() { return age + Math.max(performance.now() - ticks, Date.now() - wall) / 1000; }
  function long(minutes) {
    var hours = Math.floor(minutes / 60), rest = hours && !(minutes % 60) ? "" : words.minute.replace("{n}", minutes % 60);
    return hours ? words.hour.replace("{n}", hours) + (rest && " " + rest) : rest;
  }
  function write(node, text) { if (node.textContent !== text) node.textContent = text; }
  function until(seconds) {
    if (seconds > 0) return words.within.replace("{d}", long(Math.ceil(seconds / 60)));
    return seconds > -60 ? words.due : words.late.replace("{d}", long(Math.floor(-seconds / 60)));
  }
  function show() {
    var box = byId("stale"), old = now(), minutes = Math.max(0, Math.floor(old / 60)), made = stamp(document) / 1000;
    if (!sure) return;
    if (old > +box.dataset.limit) {
      write(box.firstElementChild, box.dataset.text.replace("{age}", long(minutes)).replace("..", "."));
      if (box.hidden) write(byId("said"), box.textContent);
    }
    box.dataset.age = Math.floor(old);
    box.hidden = old <= +box.dataset.limit;
    write(byId("age"), minutes ? words.ago.replace("{d}", long(minutes)) : words.now);
    document.querySelectorAll("[data-by]").forEach(function (one) { write(one, until(Date.parse(one.dataset.by) / 1000 - made - old)); });
  }
  function place(node) { return node.dataset.key || node.getAttribute("href"); }
  function news(main) {
    return ["h1", ".answer__lead", ".update__text"].map(function (one) { return (main.querySelector(one) || {}).textContent || ""; });
  }
  function put(doc) {
    var old = document.querySelector("main"), fresh = doc.querySelector("main"), open = {}, here = document.activeElement, told = news(old);
    if (String(getSelection())) return; // never pull the words from under a reader
    var key = old.contains(here) && here !== old && place(here);
    old.querySelectorAll("details[open]").forEach(function (one) { open[place(one.firstElementChild)] = true; });
    fresh.querySelectorAll("details").forEach(function (one) { one.open = !!open[place(one.firstElementChild)]; });
    var differ = news(fresh).filter(function (text, at) { return text !== told[at]; });
    old.replaceWith(fresh);
    document.title = doc.title;
    if (differ.length) write(byId("said"), differ.join(" "));
    if (key) fresh.querySelectorAll("a,summary").forEach(function (one) { if (place(one) === key) one.focus(); });
  }
  function clock(answer) {
    age = (Date.parse(answer.headers.get("Date")) - stamp(document)) / 1000 + +(answer.headers.get("Age") || 0);
    ticks = performance.now();
    wall = Date.now();
    sure = !isNaN(age);
  }
  function page() {
    return get(location.pathname).then(function (answer) {
      if (!answer.ok) throw answer.status;
      return answer.text().then(function (text) {
        var doc = new DOMParser().parseFromString(text, "text/html");
        if (stamp(doc) > stamp(document)) put(doc);
        read = asked;
        clock(answer);
      });
    });
  }
  function look() {
    asked = performance.now();
    get(words.fresh).then(function (answer) {
      if (answer.status >= 500 || answer.status === 429) throw answer.status;
      return answer.json().catch(Object).then(function (told) {
        var made = byId("made"), text = told.made && told.made[document.documentElement.lang];
        if (!text || told.page !== made.dataset.page || asked - read > every * 10000) return page(); // no such file: the page alone will do
        if (Date.parse(told.made_at) > stamp(document)) {
          made.dateTime = told.made_at;
          write(made, text);
        }
        clock(answer);
      });
    }).then(function () { failed = 0; }, function () { failed = Math.min(failed + 1, 4); }).then(function () {
      show();
      wait(every * Math.pow(2, failed));
    });
  }
  function wait(seconds) {
    clearTimeout(timer);
    timer = setTimeout(function () { if (document.hidden) wait(every); else look(); }, seconds * (800 + Math.random() * 400));
  }
  show();
  // The first look is soon only if the visitor's clock makes the copy look old or from the future; most copies are neither.
  wait(sure ? every : 0.2);
  setInterval(show, 15000);
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) return;
    show();
    if (!(performance.now() - asked < every * 1000)) wait(failed ? every : 0.5);
  });
})();
