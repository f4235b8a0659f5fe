// How busy the generator and the broker were over a while: whether a figure says something of the broker at all.
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly seconds: number;
  /** Part of the while in which the generator worked, 0 to 1: its processor time or its event loop's, whichever is more. */
  readonly generatorBusy: number;
  /** Processor time of the broker's processes as a part of the while; NaN where the system does not tell. */
  readonly brokerBusy: number;
  /** Processor time of everything else on the machine as a part of the while; NaN where the system does not tell. */
  readonly othersBusy: number;
}

/** Clock ticks of /proc in a second: the same on every Linux for as long as there is one to ask. Source: proc(5), time(7) */
const TICKS_PER_SECOND = 100;

/** Begins to measure; the returned function ends it. */
export function startMeter(brokerPids: readonly number[]): () => Usage {
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const startLoop = performance.eventLoopUtilization();
  const startBroker = cpuSeconds(brokerPids);
  const startMachine = machineSeconds();
  return () => {
    const seconds = (performance.now() - startMs) / 1000;
    const cpu = process.cpuUsage(startCpu);
    const ownBusy = (cpu.user + cpu.system) / 1e6 / seconds;
    const loopBusy = performance.eventLoopUtilization(startLoop).utilization;
    const brokerBusy = (cpuSeconds(brokerPids) - startBroker) / seconds;
    const machineBusy = (machineSeconds() - startMachine) / seconds;
    return {
      seconds,
      generatorBusy: Math.max(ownBusy, loopBusy),
      brokerBusy,
      othersBusy: Math.max(0, machineBusy - ownBusy - brokerBusy),
    };
  };
}

/** Memory of the processes, KiB; NaN where the system does not tell. */
export function residentKiB(pids: readonly number[]): number {
  return sum(pids, (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readProc(`${pid}/status`))?.[1]));
}

function cpuSeconds(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const fields = readProc(`${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  });
}

// User, nice and system time of all processes; interrupts belong to nobody.
function machineSeconds(): number {
  const [user, nice, system] = /^cpu +(.*)/.exec(readProc('stat'))?.[1]?.split(' ').map(Number) ?? [];
  return ((user ?? Number.NaN) + (nice ?? Number.NaN) + (system ?? Number.NaN)) / TICKS_PER_SECOND;
}

function sum(pids: readonly number[], measure: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + measure(pid), 0);
}

function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return ''; // Not Linux, or gone.
  }
}
