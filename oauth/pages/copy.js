document.querySelectorAll("[data-copy]").forEach(function (button) {
  var text = button.dataset.copy, name = button.textContent;
  function done(good) {
    if (good) button.textContent = button.dataset.done;
    setTimeout(function () { button.textContent = name; }, 2000);
  }
  // Over plain http there is no clipboard but that of the selection.
  function select() {
    var field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    button.after(field);
    field.select();
    var good = document.execCommand("copy");
    field.remove();
    button.focus();
    done(good);
  }
  button.hidden = false;
  button.addEventListener("click", function () {
    if (!navigator.clipboard) return select();
    navigator.clipboard.writeText(text).then(function () { done(true); }, select);
  });
});
