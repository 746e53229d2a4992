// The address still holds what WeChat added to it, which is nobody's business.
history.replaceState(null, "", document.querySelector(".button").href);
