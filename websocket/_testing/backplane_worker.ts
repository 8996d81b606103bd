// The other end of a BroadcastChannelBackplane, in a worker: answers each envelope with
// the same one, its first byte raised by one.
import { BroadcastChannelBackplane } from "../hub/broadcast_channel_backplane.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data: name }) => {
  const backplane = new BroadcastChannelBackplane(name);
  backplane.subscribe((envelope) => {
    const answer = envelope.slice();
    answer[0]! += 1;
    backplane.publish(answer);
  });
  scope.postMessage("ready");
};
