// Keeps a page of the console true while it is open: relative times every second, and every few seconds what the server says now.
// Whoever types, selects, reads an unfolded part or has the focus on the page is never disturbed, only told that there is something new.
"use strict";

const EVERY_MS = 5000;
const PATIENCE_MS = 8000;
const main = document.getElementById("main");
const said = document.getElementById("said");
const live = "live" in main.dataset;
let ahead_ms = 0; // of the server's clock over this machine's
let answered_at = new Date();
const here = () => location.pathname + location.search; // without a fragment: a link to it loads the page anew

function set_clock() {
  const asof = document.querySelector(".asof time");
  if (asof) ahead_ms = Date.parse(asof.dateTime) - Date.now();
}

// As statuspage/web/console/words.py says it.
function relative(ms) {
  const seconds = Math.abs(ms) / 1000;
  const [count, unit] =
    seconds < 90 ? [seconds, "s"] : seconds < 5400 ? [seconds / 60, "min"] : seconds < 129600 ? [seconds / 3600, "h"] : [seconds / 86400, "days"];
  const words = `${Math.floor(count + 0.5)} ${unit}`;
  return ms > 0 ? `in ${words}` : `${words} ago`;
}

function tick() {
  const now = Date.now() + ahead_ms;
  for (const shown of document.querySelectorAll(".ago")) shown.textContent = `(${relative(Date.parse(shown.dataset.at) - now)})`;
}

// What a page says, without what changes by itself.
function substance(part) {
  const copy = part.cloneNode(true);
  for (const fleeting of copy.querySelectorAll(".ago, .asof, [data-copies]")) fleeting.remove();
  for (const unfolded of copy.querySelectorAll("details[open]")) unfolded.removeAttribute("open");
  return copy.innerHTML;
}

function touched(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(0, first);
}

function busy() {
  const focus = document.activeElement;
  return (
    (focus !== main && main.contains(focus)) ||
    main.querySelector("details[open]") !== null ||
    !getSelection().isCollapsed ||
    [...main.querySelectorAll("input, select, textarea")].some(touched)
  );
}

function tell(words, link, address) {
  if (said.dataset.words === words) return; // said once: a screen reader would repeat it every time
  said.dataset.words = words;
  said.hidden = !words;
  said.replaceChildren(words);
  if (!link) return;
  const anchor = Object.assign(document.createElement("a"), { href: address, textContent: link });
  said.append(" ", anchor);
}

async function look() {
  let page;
  try {
    // The header says that nobody asked for this: it does not count as use of the session.
    const answer = await fetch(here(), { headers: { "Statuspage-Refresh": "1" }, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.redirected) return tell("You are signed out, and what you see grows old.", "Sign in again", answer.url);
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return tell(`The console does not answer since ${answered_at.toLocaleTimeString()}. What you see may be old.`, "Try again", here());
  }
  answered_at = new Date();
  const fresh = page.getElementById("main");
  const [clock, new_clock] = [document.querySelector(".asof"), page.querySelector(".asof")];
  if (substance(fresh) === substance(main)) {
    if (clock && new_clock) clock.replaceWith(new_clock);
    set_clock();
    return tell("");
  }
  if (busy()) return tell("Something changed since this page was made. What you typed here stays until you leave it.", "See the change", here());
  main.replaceChildren(...fresh.childNodes);
  document.title = page.title;
  set_clock();
  tick();
  offer_copies();
  tell("");
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, EVERY_MS);
}

set_clock();
setInterval(tick, 1000);
if (live) setTimeout(watch, EVERY_MS);

// Copying: the button is of no use without this script, so it is hidden until now.
function offer_copies() {
  for (const button of document.querySelectorAll("button[data-copies]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(text.innerText);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text); // the browser does not let us: one key away
    button.textContent = "Selected: copy it";
  }
});

offer_copies();
