// A broker for one test.
import { BrokerProcess, type BrokerOptions } from './broker-process.ts';

/** Starts a broker with these flags, hands it to the test, and ends it whatever became of that. */
export async function withBroker(
  flags: readonly string[],
  act: (broker: BrokerProcess) => Promise<void>,
  options: BrokerOptions = {},
): Promise<void> {
  const broker = await BrokerProcess.start({ ...options, flags });
  try {
    await act(broker);
  } finally {
    await broker.dispose();
  }
}
