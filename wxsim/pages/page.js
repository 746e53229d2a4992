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
    const text = state.dataset[word];
    if (text && text !== state.textContent) state.textContent = text; // a screen reader says it once
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

// The simulator's clock ticks. Its time is read as if it were UTC, so that no zone is added to it.
for (const clock of document.querySelectorAll("[data-clock]")) {
  const ahead = Date.parse(clock.dateTime + "Z") - Date.now();
  setInterval(() => {
    clock.dateTime = new Date(Date.now() + ahead).toISOString().slice(0, 19);
    clock.textContent = clock.dateTime.replace("T", " ");
  }, 1000);
}

// Each fault has a number that makes sense for it, or none.
for (const fault of document.querySelectorAll("[data-numbers]")) {
  const number = fault.form.elements.number;
  fault.addEventListener("change", () => {
    number.value = fault.selectedOptions[0].dataset.number;
    number.disabled = number.value === "";
  });
}

// Calls and faults renew themselves. What has not changed is not touched: it may have the focus,
// be open or be selected.
const renew = (list, fresh) => {
  const keys = new Set([...fresh.children].map(item => item.dataset.key));
  for (const item of [...list.children]) {
    if (!keys.has(item.dataset.key)) item.remove();
  }
  let next = list.firstElementChild;
  for (const item of [...fresh.children]) {
    if (next && next.dataset.key === item.dataset.key) next = next.nextElementSibling;
    else list.insertBefore(item, next);
  }
};
for (const live of document.querySelectorAll("[data-live]")) {
  live.hidden = false;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/wxsim/live");
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const fresh of page.querySelectorAll("[data-list]")) {
        renew(document.querySelector(`[data-list=${fresh.dataset.list}]`), fresh);
      }
    } catch {
      // the simulator is gone for the moment
    }
  }, 2000);
}
