// Share by the phone's own sheet; where there is none, copy the address and say so.
import { say } from "./toast.js";

export async function share(button) {
  const url = new URL(button.dataset.shareUrl, location.href).href;
  if (navigator.share) {
    try {
      await navigator.share({ url, title: button.dataset.shareTitle });
      return;
    } catch (error) {
      if (error.name === "AbortError") return;   // closed on purpose
    }
  }
  try {
    await navigator.clipboard.writeText(url);
    say("copied");
  } catch {
    say("copy-failed");
  }
}
