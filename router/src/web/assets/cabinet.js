// Keeps a list of tickets current without a reload, says when one has arrived, and leaves a person's work alone.

import { follow, part } from "/assets/live.js";

const list = document.getElementById("list");
const arrived = document.querySelector("[data-arrived]");
const ids = () => new Set([...list.querySelectorAll("[data-ticket]")].map((item) => item.dataset.ticket));
let waiting = false;
let again = false;

// A list in which somebody is typing, choosing or listening is not replaced under their hands.
const inUse = () => {
  const active = document.activeElement;
  const writing = list.contains(active) && active.matches("input, select, textarea");
  return writing || [...list.querySelectorAll("audio")].some((audio) => !audio.paused);
};

async function refresh() {
  if (waiting) { again = true; return; }
  waiting = true;
  if (!inUse()) {
    const html = await part(list.dataset.fragment);
    if (html !== null && !inUse()) replace(html);
  } else {
    again = true;
  }
  setTimeout(() => { waiting = false; if (again) { again = false; refresh(); } }, 1000);
}

function replace(html) {
  const before = ids();
  const focused = document.activeElement?.closest("#list [data-ticket]")?.dataset.ticket;
  list.innerHTML = html;
  let fresh = 0;
  for (const item of list.querySelectorAll("[data-ticket]")) {
    if (before.has(item.dataset.ticket)) continue;
    item.classList.add("new");
    fresh += 1;
  }
  if (focused) list.querySelector(`[data-ticket="${CSS.escape(focused)}"] a`)?.focus();
  if (fresh > 0) {
    arrived.textContent = fresh > 1 ? `${arrived.dataset.arrived} (${fresh})` : arrived.dataset.arrived;
    setTimeout(() => { arrived.textContent = ""; }, 8000);
  }
}

follow({ ticket: refresh, refresh });
// Times on the page ("2 h left") grow old by themselves.
setInterval(refresh, 60000);
