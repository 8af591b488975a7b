import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The port on which the Worker's own workerd listens behind the development proxy, which costs more than most requests
 * do. Linux only; undefined where it cannot be found.
 */
export async function findInnerPort(server: { pid: number; port: number }): Promise<number | undefined> {
  const inodes = new Set(groupProcesses(server.pid).flatMap(socketInodes));
  const ports = listeningPorts().filter(({ inode, port }) => inodes.has(inode) && port !== server.port);
  for (const { port } of ports) if (await servesTheApi(port)) return port;
  return undefined;
}

async function servesTheApi(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.status === 200 && answer.headers.has('x-request-id');
  } catch {
    return false;
  }
}

/** Process ids of all workerd of the group. */
export function groupProcesses(group: number): string[] {
  return listed('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      // After the command in parentheses: state, parent, group.
      const [, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(processGroup) === group && read(`/proc/${pid}/comm`).trim() === 'workerd';
    });
}

function socketInodes(pid: string): string[] {
  return listed(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    } catch {
      return [];
    }
  });
}

const LISTENING = '0A';

function listeningPorts(): { port: number; inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    read(table)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === LISTENING)
      .map((columns) => ({ port: Number.parseInt(columns[1]?.split(':').at(-1) ?? '', 16), inode: columns[9] ?? '' })),
  );
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
