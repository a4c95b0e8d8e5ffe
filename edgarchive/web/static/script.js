"use strict";
// Folds are open on a wide screen.
const wide = matchMedia("(min-width: 62rem)");
(wide.onchange = () => {
  for (const one of document.querySelectorAll(".fold")) one.open = wide.matches;
})();
// Company names while typing.
const company = document.getElementById("company"), list = document.getElementById("companies");
let timer, at = -1;
if (company && list) company.addEventListener("input", () => {
  clearTimeout(timer);
  const typed = company.value.trim();
  if (typed.length < 2) return;
  timer = setTimeout(async () => {
    const answer = await fetch("/companies.json?q=" + encodeURIComponent(typed)).catch(() => null);
    if (!answer || !answer.ok) return;
    list.replaceChildren(...(await answer.json()).companies.map(one => {
      const option = document.createElement("option");
      option.value = one.cik;
      option.label = one.name + (one.tickers.length ? " (" + one.tickers.join(", ") + ")" : "");
      return option;
    }));
  }, 150);
});
// Next and previous match: also by n and p.
const marks = [...document.querySelectorAll(".text mark")], bar = document.querySelector(".matches p");
function step(by) {
  if (!marks.length) return;
  if (at >= 0) marks[at].classList.remove("current");
  at = (at + by + marks.length) % marks.length;
  marks[at].classList.add("current");
  marks[at].scrollIntoView({block: "center"});
  document.getElementById("match-count").textContent = `${at + 1} of ${marks.length}`;
}
if (bar && marks.length) {
  bar.querySelector("a").remove();
  for (const [label, by] of [["Previous match", -1], ["Next match", 1]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => step(by));
    bar.append(" ", button);
  }
  addEventListener("keydown", event => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") step(1);
    if (event.key === "p") step(-1);
  });
  step(1);
}
