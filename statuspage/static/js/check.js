// Checks the signature of the message that this page shows, as `statuspage verify` does: the signature is right under a key of the list, the
// key is called after itself, and what is signed is this code of this page in these words. See docs/signed-notices.md.
// Without this script, or where a browser cannot check, the page says what it says without it.
(async function () {
  const box = document.getElementById("check"), told = box.dataset;
  let missing;
  const shown = document.querySelector("blockquote").textContent;
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, "0")).join("");
  async function get(path) {
    const answer = await fetch(path, { cache: "no-cache", credentials: "omit" });
    if (!answer.ok) throw answer.status;
    return answer.json();
  }
  function isThis(signed, page) {
    const end = signed.indexOf("\n\n"), head = signed.slice(0, end).split("\n");
    const wanted = ["page: " + page, "kind: message", "id: " + told.code];
    return end > 0 && head[0] === told.format && wanted.every(line => head.includes(line)) && signed.slice(end + 2) === shown + "\n";
  }
  async function matches(notice, listed) {
    if (!isThis(notice.signed, listed.page)) return "wrong";
    const known = listed.keys.find(one => one.id === notice.key);
    if (!known) return "unable"; // a key that was retired since
    const raw = bytes(known.public_key), name = hex(await crypto.subtle.digest("SHA-256", raw)).slice(0, 16);
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    const good = await crypto.subtle.verify("Ed25519", key, bytes(notice.signature), new TextEncoder().encode(notice.signed));
    return good && name === known.id ? "right" : "wrong";
  }
  async function verdict() {
    let signed, listed;
    missing = false;
    try {
      if (!crypto.subtle) return "unable"; // also where the page did not come by https
      [signed, listed] = await Promise.all([get(told.signed), get(told.keys)]);
    } catch (error) {
      missing = error === 404;
      return "unable";
    }
    try {
      return await matches(signed.notices[0], listed);
    } catch (error) {
      return ["NotSupportedError", "OperationError"].includes(error.name) ? "unable" : "wrong";
    }
  }
  async function shownNow() {
    try {
      const answer = await fetch(location.pathname, { cache: "no-cache", credentials: "omit" });
      return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("blockquote").textContent;
    } catch (error) {
      return shown;
    }
  }
  let found = await verdict();
  if (found === "wrong" || missing) { // signatures are published some seconds after the page: what is said waits until they must be there
    await new Promise(resolve => setTimeout(resolve, 20000));
    const again = performance.getEntriesByType("navigation")[0].type === "reload";
    if (!again && await shownNow() !== shown) return location.reload(); // a network was given other words in the end: this page is older
    found = await verdict();
  }
  box.textContent = told[found];
  if (found !== "wrong") return;
  const answer = box.parentNode;
  answer.className = "answer major_outage";
  answer.querySelector("use").setAttribute("href", "#major_outage");
  answer.nextElementSibling.remove(); // the heading that calls these words exact
  answer.querySelector("h1").textContent = document.title = told.alarm;
})();
