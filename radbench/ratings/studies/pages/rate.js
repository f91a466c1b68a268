// Keys, the time a page was looked at, and sliders. Every page works without this file.
"use strict";
document.documentElement.classList.add("scripted");
const answer = document.getElementById("answer");

let seen = 0;
let since = document.visibilityState === "visible" ? performance.now() : null;
const stop = () => {
  if (since !== null) seen += performance.now() - since;
  since = null;
};
document.addEventListener("visibilitychange", () => {
  stop();
  if (document.visibilityState === "visible") since = performance.now();
});
const carried = answer && ["seconds", location.pathname, answer.position.value, answer.attempt.value].join(" ");

if (answer) {
  // a page that comes back with a remark, or with the reference, goes on counting
  seen = Number(sessionStorage.getItem(carried)) || 0;
  answer.addEventListener("submit", () => {
    stop();
    sessionStorage.setItem(carried, seen);
    answer.seconds.value = (seen / 1000).toFixed(3);
  });
}

for (const figure of document.querySelectorAll("figure")) {
  const image = figure.querySelector("[data-image]");
  const sliders = [...figure.querySelectorAll("input[type=range]")];
  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const query = new URLSearchParams(sliders.map((one) => [one.dataset.name, one.value]));
      image.src = image.src.split("?")[0] + "?" + query;
    });
  }
}

const characters = (text) => [...text].length;

// The selection within the report as words and their place, counted in characters.
const selected = (report) => {
  const selection = document.getSelection();
  if (!report || selection.isCollapsed || !report.contains(selection.anchorNode) || !report.contains(selection.focusNode)) return null;
  const range = selection.getRangeAt(0);
  const before = document.createRange();
  before.setStart(report, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const raw = range.toString();
  const words = raw.trim();
  return words ? { words, start: characters(before.toString()) + characters(raw) - characters(raw.trimStart()) } : null;
};

const mark = (number) => {
  const span = selected(document.querySelector(".report"));
  const rows = [...document.querySelectorAll("tr.span")];
  const at = rows.findIndex((row) => !row.querySelector("input:not([type=hidden])").value && !row.querySelector("select").value);
  if (!span || at < 0) return false;
  const [kind, significance] = rows[at].querySelectorAll("select");
  if (number >= kind.options.length) return false;
  rows[at].querySelector("input[type=hidden]").value = span.start;
  rows[at].querySelector("input:not([type=hidden])").value = span.words;
  kind.selectedIndex = number;
  significance.focus();
  return true;
};

// The first question without an answer takes the key; with all answered, the last one does.
const choose = (key) => {
  const fieldsets = [...document.querySelectorAll("fieldset[data-keys]")];
  const byName = (set) => [...new Set([...set.querySelectorAll("input[data-key]")].map((input) => input.name))];
  const groups = fieldsets.flatMap((set) => byName(set)).map((name) => [...answer.querySelectorAll("input[data-key]")].filter((i) => i.name === name));
  const fitting = groups.filter((group) => group.some((input) => input.dataset.key === key));
  const group = fitting.find((one) => !one.some((input) => input.checked)) || fitting[fitting.length - 1];
  const input = group && group.find((one) => one.dataset.key === key);
  if (!input) return false;
  input.checked = true;
  input.focus();
  return true;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=radio]):not([type=range]), select, textarea");
  if (typing) return;
  const key = event.key.toLowerCase();
  let done = false;
  if (key === "u") {
    const undo = document.querySelector("#undo button");
    if (undo) undo.click();
    done = Boolean(undo);
  } else if (answer && key === "r") {
    const reference = answer.querySelector("button[value=reference]");
    if (reference) reference.click();
    done = Boolean(reference);
  } else if (answer && key === "enter" && !event.target.matches("button, a")) {
    answer.querySelector("button[value=answer]").click();
    done = true;
  } else if (answer && /^[1-9]$/.test(key) && mark(Number(key))) {
    done = true;
  } else if (answer) {
    done = choose(key);
  }
  if (done) event.preventDefault();
});
