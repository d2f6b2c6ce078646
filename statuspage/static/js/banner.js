// For the bank's own pages: one line at the top while something is wrong, nothing while all is well. It asks the status host only,
// gives up after three seconds, and leaves nothing behind in the page that carries it, whatever happens to it. Included twice, it
// shows one line. As a module it is told nothing of its element, so it looks for it by the address that its own fault names.
(function () {
  try {
    var me = document.currentScript, own = me ? me.src : /https?:[^\s()]+?\/banner\.js/.exec(new Error().stack)[0];
    var base = new URL(".", own).href;
    me = me || [].filter.call(document.scripts, function (one) { return !one.src.indexOf(own); })[0] || document.body;
    var language = (me.dataset.language || document.documentElement.lang || "").slice(0, 2).toLowerCase();
    var stop = new AbortController(), end = setTimeout(function () { stop.abort(); }, 3000);
    var ask = function (path) {
      var how = { signal: stop.signal, credentials: "omit", referrerPolicy: "no-referrer" };
      return fetch(base + path, how).then(function (answer) {  // read to its end in any case, or the request stays open
        return answer.json().then(function (told) { return answer.ok && told; });
      }).catch(function () {});
    };
    var show = function (told) {
      clearTimeout(end);
      if (!told || !told.text || String(told.url).indexOf(base) || !document.body || document.getElementById(base)) return;
      var host = document.createElement("div"), link = document.createElement("a");
      host.id = base;
      host.style.cssText = "all:initial;display:block";
      link.href = told.url;
      link.lang = told.language;
      link.textContent = told.text + " \u2192";
      link.style.cssText = "display:block;padding:12px 16px;font:600 16px/1.4 system-ui,sans-serif;text-align:center;" +
        "text-decoration:underline;color:" + told.ink + ";background:" + told.paper;
      host.setAttribute("role", "status");
      host.attachShadow({ mode: "closed" }).appendChild(link);
      document.body.insertBefore(host, document.body.firstChild);
    };
    ask(/^[a-z]{2}$/.test(language) ? language + "/banner.json" : "banner.json")
      .then(function (told) { return told || ask("banner.json"); })
      .then(show).catch(function () {});
  } catch (error) { /* the host page comes first */ }
})();
