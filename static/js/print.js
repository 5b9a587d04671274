/* Buttons that print the page. Without JavaScript they stay hidden: the browser's menu prints too. */

for (const button of document.querySelectorAll('[data-print]')) {
  button.addEventListener('click', () => window.print());
}
