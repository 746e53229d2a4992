import { api } from "./wxoauth.js";

const answer = document.querySelector("#answer");

async function showMe() {
  const response = await api("./api/me"); // fetch, and the way to the login
  if (!response.ok) throw new Error(response.status);
  answer.textContent = JSON.stringify(await response.json(), null, 2);
}

// The login leads back to this very page with its #me, which says what the user was about to do.
document.querySelector("button").addEventListener("click", () => {
  location.hash = "#me";
  showMe();
});
if (location.hash === "#me") showMe();
