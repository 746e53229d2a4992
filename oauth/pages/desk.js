(function () {
  var body = document.body, line = document.getElementById("desk-status"), again = document.getElementById("desk-again");
  var number = document.getElementById("desk-number"), opened = Date.now(), state = body.dataset.state;
  var until = opened + line.dataset.until * 1000;
  var kept = false; // whether the browser keeps the cookie

  function show(next) {
    state = next;
    body.dataset.state = next;
    line.textContent = line.dataset[next].replace("{number}", number.textContent);
    again.hidden = !/refused|expired|paused|cookies/.test(next);
  }
  function renew() {
    if (Date.now() < until) location.reload();
    else show("paused");
  }
  function hear(next) {
    kept = kept || next !== "expired";
    if (next === state) return;
    if (next === "ready") {
      show(next);
      location.reload();
    } else if (next === "scanned" && "others" in line.dataset) {
      location.reload(); // it may be another code than the one that is shown
    } else if (next === "expired" && !kept && Date.now() - opened < 30000) {
      show("cookies"); // a new code would be no better
    } else if (next === "expired") {
      renew();
    } else {
      show(next);
    }
  }
  function later(seconds) {
    setTimeout(ask, seconds * 1000);
  }
  function ask() {
    if (state !== "waiting" && state !== "scanned") return;
    // Without HTTP/2 a browser has six connections to a site, and tabs that nobody sees must not
    // hold them all. A state that does not exist is answered at once.
    var hidden = document.hidden;
    fetch(line.dataset.wait + "&seen=" + (hidden ? "hidden" : state), { headers: { Accept: "application/json" }, cache: "no-store" }).then(function (answer) {
      if (!answer.ok) return later(2 + 3 * Math.random());
      return answer.json().then(function (told) {
        if (told.state) hear(told.state);
        later(hidden ? 5 : 0.2);
      });
    }).catch(function () { later(2 + 3 * Math.random()); });
  }
  setTimeout(function () { if (state === "waiting") renew(); }, line.dataset.renew * 1000);
  if (state === "scanned") show(state);
  ask();

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.dataset.copy).then(function () { button.textContent = button.dataset.done; });
    });
  });
})();
