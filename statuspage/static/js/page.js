// Tells the age of this copy and keeps it fresh. Age = the server's Date (and Age) minus the stamp in the page: the visitor's own
// clock is never asked how old something is. Without this script the page is complete; a fixed sentence tells its age limit.
(function () {
  var every = 60, failed = 0, age = 0, at = performance.now();
  function stamp(doc) { return Date.parse(doc.getElementById("made").dateTime); }
  function show() {
    var box = document.getElementById("stale"), now = age + (performance.now() - at) / 1000;
    var minutes = Math.floor(now / 60), hours = Math.floor(minutes / 60);
    var text = box.dataset.text.replace("{age}", hours > 1 ? hours + " h" : minutes + " min");
    box.dataset.age = Math.floor(now);
    box.hidden = now <= +box.dataset.limit;
    if (!box.hidden && box.firstElementChild.textContent !== text) box.firstElementChild.textContent = text;
  }
  function place(node) { return node.dataset.key || node.getAttribute("href"); }
  function put(doc) {
    var old = document.querySelector("main"), fresh = doc.querySelector("main"), open = {}, here = document.activeElement;
    if (String(getSelection())) return; // never pull the words from under a reader
    var key = old.contains(here) && here !== old && place(here);
    old.querySelectorAll("details[open]").forEach(function (one) { open[place(one.firstElementChild)] = true; });
    fresh.querySelectorAll("details").forEach(function (one) { one.open = !!open[place(one.firstElementChild)]; });
    if (old.querySelector("h1").textContent !== fresh.querySelector("h1").textContent) {
      document.getElementById("said").textContent = fresh.querySelector("h1").textContent;
    }
    old.replaceWith(fresh);
    if (key) fresh.querySelectorAll("a,summary").forEach(function (one) { if (place(one) === key) one.focus(); });
  }
  function look() {
    fetch(location.pathname, { cache: "no-cache", credentials: "omit" }).then(function (answer) {
      if (!answer.ok) throw answer.status;
      return answer.text().then(function (text) {
        var doc = new DOMParser().parseFromString(text, "text/html");
        if (stamp(doc) > stamp(document)) put(doc);
        age = (Date.parse(answer.headers.get("Date")) - stamp(document)) / 1000 + +(answer.headers.get("Age") || 0);
        at = performance.now();
        failed = 0;
      });
    }).catch(function () { failed = Math.min(failed + 1, 4); }).then(function () {
      show();
      wait(every * Math.pow(2, failed));
    });
  }
  function wait(seconds) {
    setTimeout(function () { if (document.hidden) wait(every); else look(); }, seconds * (800 + Math.random() * 400));
  }
  // The first look is soon only if the visitor's clock makes the copy look old or from the future; most copies are neither.
  wait(Math.abs(Date.now() - stamp(document)) > 90000 ? 0.2 : every);
  setInterval(show, 15000);
})();
