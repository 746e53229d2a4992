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
      // In a frame of the app's page it is that page which goes on, unless the app wants otherwise.
      const self = new URLSearchParams(location.search).get("self_redirect") === "true";
      (self ? window : top).location.replace(new URL("/wxsim/desktop?ticket=" + ticket, location));
      return;
    }
    const text = state.dataset[word];
    if (text && text !== state.textContent) state.textContent = text; // a screen reader says it once
    if (word !== "expired") setTimeout(ask, 1000);
  };
  ask();
}

// The phone is a window beside the desk, as narrow as one. Without this it is a tab.
for (const opener of document.querySelectorAll("[data-phone]")) {
  opener.addEventListener(opener.tagName === "FORM" ? "submit" : "click", () => {
    window.open("", opener.target, "popup,width=414,height=820");
  });
}

// A double callback: the frame has been opened, so go on to the second address.
for (const frame of document.querySelectorAll("iframe[data-first]")) {
  const next = document.querySelector("[data-follow]").href;
  const go = () => location.replace(next);
  frame.addEventListener("load", go);
  setTimeout(go, 3000);
}

// The server may be in another time zone, as a container is: times are shown in the browser's.
// Swedes write a date as ISO does.
const localize = page => {
  for (const call of page.querySelectorAll(".log time")) {
    call.textContent = new Date(call.dateTime).toLocaleTimeString("sv");
  }
};
localize(document);

// The simulator's clock ticks.
for (const clock of document.querySelectorAll("[data-clock]")) {
  const ahead = Date.parse(clock.dateTime) - Date.now();
  const tick = () => { clock.textContent = new Date(Date.now() + ahead).toLocaleString("sv"); };
  tick();
  setInterval(tick, 1000);
}

// Each fault has a number that makes sense for it, or none.
for (const fault of document.querySelectorAll("[data-numbers]")) {
  const number = fault.form.elements.number;
  fault.addEventListener("change", () => {
    number.value = fault.selectedOptions[0].dataset.number;
    number.disabled = number.value === "";
  });
}

// What a screen reader is told of a page that changes.
const say = text => { document.querySelector("[data-news]").textContent = text; };

// Text that a person takes along, where the browser lets a page fill the clipboard.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    say(button.dataset.copied);
  });
}

// Calls and faults renew themselves. What has not changed is not touched: it may have the focus,
// be open or be selected. Returns what was added, newest first.
const renew = (list, fresh) => {
  const keys = new Set([...fresh.children].map(item => item.dataset.key));
  for (const item of [...list.children]) {
    if (!keys.has(item.dataset.key)) item.remove();
  }
  const added = [];
  let next = list.firstElementChild;
  for (const item of [...fresh.children]) {
    if (next && next.dataset.key === item.dataset.key) {
      next = next.nextElementSibling;
    } else {
      list.insertBefore(item, next);
      added.push(item);
    }
  }
  return added;
};

// In words, such as "Calls: GET /sns/userinfo 12:30:05 200 (+2)".
const words = (list, [first, ...more]) => {
  const brief = (first.querySelector("[data-brief]") ?? first).textContent.trim().replaceAll(/\s+/g, " ");
  return `${list.ariaLabel}: ${brief}${more.length > 0 ? ` (+${more.length})` : ""}`;
};

for (const live of document.querySelectorAll("[data-live]")) {
  const mark = connected => {
    live.textContent = connected ? live.dataset.live : live.dataset.gone;
    live.classList.toggle("bad", !connected);
  };
  mark(true);
  live.hidden = false;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/wxsim/live");
      mark(answer.ok);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      localize(page);
      const news = [];
      for (const fresh of page.querySelectorAll("[data-list]")) {
        const list = document.querySelector(`[data-list=${fresh.dataset.list}]`);
        const added = renew(list, fresh);
        if (added.length > 0) news.push(words(list, added));
      }
      if (news.length > 0) say(news.join(". "));
    } catch {
      mark(false);
    }
  }, 2000);
}
