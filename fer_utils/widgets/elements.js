// What all widgets make their page of.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Text in which *words between stars* are emphasised, as children of an element.
export function emphasised(text) {
  return text.split("*").map((part, number) => (number % 2 ? element("em", {}, part) : part));
}
