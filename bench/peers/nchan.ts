// nginx with nchan, as Debian's libnginx-mod-nchan installs it: one worker, everything in memory.

/** Where Debian puts the module. */
export const NCHAN_MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/** Its subscribers get what was published before. */
export const NCHAN_REPLAY_PATH = '/replay';

/** Messages it holds; what a trial replays must fit. */
const HELD_MESSAGES = 30_000;

/** The same topic as the bench's, for publishers and subscribers, and one to replay it. */
export function nchanConfiguration(directory: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
load_module ${NCHAN_MODULE};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${directory}/pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 19000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_in_single_buffer on;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  nchan_shared_memory_size 256M;
  nchan_message_buffer_length ${HELD_MESSAGES};
  nchan_message_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=511;
    location = /json { nchan_publisher; nchan_subscriber http-chunked; nchan_channel_id json; nchan_subscriber_first_message newest; }
    location = ${NCHAN_REPLAY_PATH} { nchan_subscriber http-chunked; nchan_channel_id json; nchan_subscriber_first_message oldest; }
  }
}
`;
}
