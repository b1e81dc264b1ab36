// The stream of what happens now: one connection a page, with a lamp that says whether it stands.

export function follow(handlers) {
  const lamp = document.querySelector("[data-live]");
  const show = (on) => {
    if (!lamp) return;
    lamp.classList.toggle("on", on);
    lamp.classList.toggle("off", !on);
    const words = on ? lamp.dataset.on : lamp.dataset.off;
    if (lamp.textContent !== words) lamp.textContent = words;
  };
  const source = new EventSource("/api/v1/live");
  source.addEventListener("open", () => show(true));
  source.addEventListener("error", () => {
    show(false);
    // A refused stream (signed out, server restarted) is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 10000);
  });
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(event.data ? JSON.parse(event.data) : null));
  }
}

// Fetches a part of a page that the server renders; null where it cannot be had now.
export async function part(address) {
  try {
    const answer = await fetch(address, { headers: { "X-Part": "1" } });
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null;
  }
}
