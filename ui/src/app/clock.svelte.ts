// The server's time, ticking once a second for whatever shows time left.
import { serverNow } from '../api/client.ts';

class Clock {
  now = $state(serverNow());

  start(): void {
    setInterval(() => (this.now = serverNow()), 1000);
  }
}

export const clock = new Clock();
