// Keeps the operations page current: the tiles and their lines each second, the tables every few seconds.

import { follow, part } from "/assets/live.js";

const tiles = document.querySelector(".tiles");
const tables = document.getElementById("tables");
// Browsers know few rules for Kazakh and Uzbek; both write numbers as Russian does, and so do the pages.
const language = document.documentElement.lang === "en" ? "en" : "ru";
const KEPT = 120;
const lines = new Map();

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const forms = {
  count: (value) => whole.format(value),
  rate: (value) => tenth.format(value),
  seconds: (value) => {
    if (value < 120) return tiles.dataset.second.replace("{}", tenth.format(value));
    const minutes = Math.floor(value / 60);
    if (minutes < 60) return tiles.dataset.minute.replace("{}", minutes);
    return tiles.dataset.hour.replace("{}", whole.format(Math.floor(minutes / 60))).replace("{}", minutes % 60);
  },
};
const at = (figures, path) => path.split(".").reduce((value, name) => value?.[name], figures);

function draw(svg, value) {
  const kept = lines.get(svg) ?? [];
  kept.push(value ?? 0);
  if (kept.length > KEPT) kept.shift();
  lines.set(svg, kept);
  const top = Math.max(1, ...kept);
  const x = (index) => ((KEPT - kept.length + index) * 240) / (KEPT - 1);
  const points = kept.map((one, index) => `${x(index).toFixed(1)},${(45 - (one / top) * 42).toFixed(1)}`);
  svg.querySelector("polyline").setAttribute("points", points.join(" "));
}

function show(figures) {
  for (const place of document.querySelectorAll("[data-figure]")) {
    const value = at(figures, place.dataset.figure);
    place.textContent = value === null || value === undefined ? tiles.dataset.none : forms[place.dataset.as](value);
    if (place.dataset.limit) place.classList.toggle("over", value > Number(place.dataset.limit));
  }
  for (const meter of document.querySelectorAll("[data-meter]")) meter.value = at(figures, meter.dataset.meter) ?? 0;
  for (const svg of document.querySelectorAll("[data-spark]")) draw(svg, at(figures, svg.dataset.spark));
}

follow({ figures: show });
setInterval(async () => {
  if (tables.contains(document.activeElement)) return;
  const html = await part("/operations?part=tables");
  if (html !== null) tables.innerHTML = html;
}, 5000);
