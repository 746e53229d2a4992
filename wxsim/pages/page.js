// What the pages can do without: they work with this script switched off.
"use strict";

// The desktop page asks once a second whether the phone has decided.
for (const state of document.querySelectorAll("[data-ticket]")) {
  const ticket = encodeURIComponent(state.dataset.ticket);
  const ask = async () => {
    let word = "waiting";
    try {
      word = await (await fetch("/wxsim/desktop/state?ticket=" + ticket)).text();
    } catch {
      // the simulator is gone for the moment
    }
    if (word === "decided") {
      location.replace("/wxsim/desktop?ticket=" + ticket);
      return;
    }
    if (state.dataset[word]) state.textContent = state.dataset[word];
    if (word !== "expired") setTimeout(ask, 1000);
  };
  ask();
}

// A double callback: the frame has been opened, so go on to the second address.
for (const frame of document.querySelectorAll("iframe[data-first]")) {
  const next = document.querySelector("[data-follow]").href;
  const go = () => location.replace(next);
  frame.addEventListener("load", go);
  setTimeout(go, 3000);
}

// The list of calls renews itself while nobody is reading one of them.
for (const list of document.querySelectorAll("[data-calls]")) {
  setInterval(async () => {
    if (document.hidden || list.querySelector("details[open]")) return;
    try {
      const answer = await fetch("/wxsim/calls");
      if (answer.ok) list.innerHTML = await answer.text();
    } catch {
      // the simulator is gone for the moment
    }
  }, 2000);
}
