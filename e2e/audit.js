// audit returns what is wrong with the page for people who cannot see it well, use a keyboard or
// hold a small screen, one sentence each.
() => {
  const faults = [];
  const name = el => `<${el.tagName.toLowerCase()}${el.id ? "#" + el.id : ""}${el.className && el.className.baseVal === undefined ? "." + String(el.className).trim().replaceAll(/\s+/g, ".") : ""}> “${(el.innerText || el.alt || el.value || "").trim().slice(0, 30)}”`;
  const shown = el => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const hidden = el => el.closest("[aria-hidden=true]") !== null;

  // Structure.
  if (!/^(zh|en)/.test(document.documentElement.lang)) faults.push(`the page's language is “${document.documentElement.lang}”`);
  if (!document.title.trim()) faults.push("the page has no title");
  if (document.querySelectorAll("h1").length !== 1) faults.push(`the page has ${document.querySelectorAll("h1").length} main headings`);
  if (document.querySelectorAll("main").length !== 1) faults.push("the page has no <main>");
  const ids = [...document.querySelectorAll("[id]")].map(el => el.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) faults.push(`two elements have the id ${id}`);
  for (const img of document.querySelectorAll("img")) {
    if (!img.hasAttribute("alt")) faults.push(`${name(img)} has no alt`);
    if (shown(img) && img.complete && img.naturalWidth === 0) faults.push(`${name(img)} ${img.src.slice(0, 60)} is broken`);
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (!hidden(svg) && !svg.getAttribute("aria-label")) faults.push("a drawing has neither a label nor aria-hidden");
  }

  // Controls.
  const controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(shown);
  for (const el of controls) {
    const labels = [...(el.labels ?? [])].map(l => l.innerText).join(" ");
    const pictures = [...el.querySelectorAll("img")].map(i => i.alt).join(" ");
    const text = [el.getAttribute("aria-label"), labels, el.innerText, pictures].join(" ").trim();
    if (!text) faults.push(`${name(el)} has no name`);
  }
  // A finger needs 24 pixels, and a thumb likes 44. Links in a text are as high as the text.
  for (const el of controls.filter(el => getComputedStyle(el).display !== "inline")) {
    const box = (el.closest("label") ?? el).getBoundingClientRect();
    if (box.width < 24 || box.height < (el.matches("a, input") ? 24 : 44)) {
      faults.push(`${name(el)} of ${Math.round(box.width)}×${Math.round(box.height)} is hard to tap`);
    }
  }

  // Width: nobody scrolls sideways, neither the page nor a part of it.
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide, the screen ${innerWidth}`);
  for (const el of document.body.querySelectorAll(":not(input, select, textarea, option, .visually-hidden)")) {
    if (shown(el) && el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).overflowX !== "visible") faults.push(`${name(el)} is cut off`);
  }

  // Texts: no word is squeezed into a column, and the contrast is that of WCAG 2: 4.5, or 3 if it is large.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = el => {
    const layers = [];
    for (let at = el; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null; // a picture: not measured
      const color = rgba(style.backgroundColor);
      layers.push(color);
      if (color[3] === 1) break;
    }
    const canvasColor = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    return layers.reverse().reduce((below, top) => over(top, below), canvasColor);
  };
  const light = color => {
    const [r, g, b] = color.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const el = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || seen.has(el) || !shown(el) || hidden(el) || el.closest(".visually-hidden, script, style, option")) continue;
    seen.add(el);
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const lines = range.getClientRects().length;
    if (lines > 1 && lines > texts.currentNode.data.trim().length / 2) faults.push(`${name(el)} is squeezed into ${lines} lines`);
    const below = ground(el);
    if (!below) continue;
    const style = getComputedStyle(el);
    const [a, b] = [light(over(rgba(style.color), below)), light(below)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.push(`${name(el)} has a contrast of ${contrast.toFixed(2)}`);
  }
  return faults;
}
