/**
 * The attackers of load.ts, in a process of their own: `load-attackers.ts KIND PORT …`, until it is ended. Once a second it prints the count of
 * what it has done.
 */
import type { Socket } from 'node:net';
import { call, openChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import { frame, h2Start, lingering, openCall, openTls, resets, type Target } from './raw-client.ts';

const SECOND_MS = 1_000;
const TICKS = 20;
const [kind = '', port = '', ca = '', key = ''] = process.argv.slice(2);
const target: Target = { host: '127.0.0.1', port: Number(port) };
const sockets = new Set<Socket>();
let count = 0;
const keep = (socket: Socket): Socket => {
	sockets.add(socket);
	socket.once('close', () => sockets.delete(socket));
	return socket;
};
const every = (perSecond: number, work: (amount: number) => void): void =>
	void setInterval(() => work(perSecond / TICKS), SECOND_MS / TICKS);

const kinds: Readonly<Record<string, () => void>> = {
	/** 5,000 connections that were opened once, and again each time that the server closes one, at most 200 a second. */
	idle: () =>
		every(200, (amount) => {
			for (let index = 0; index < amount && sockets.size < 5_000; index++)
				void openTls(target, 'h2').then((socket) => {
					keep(socket);
					count += 1;
				});
		}),
	dribble: () => {
		const begin = lingering['HTTP/1.1 headers without an end'];
		every(60, (amount) => {
			for (let index = 0; index < amount && sockets.size < 300; index++)
				void begin?.(target).then((socket) => {
					keep(socket);
					count += 1;
				});
			for (const socket of sockets) if (!socket.destroyed) socket.write('a');
		});
	},
	resets() {
		let socket: Socket | undefined;
		let stream = 1;
		let isOpening = false;
		every(1_000, (amount) => {
			if (socket === undefined || socket.destroyed || socket.readableEnded) {
				if (isOpening) return;
				isOpening = true;
				void openTls(target, 'h2').then((opened) => {
					socket = opened;
					stream = 1;
					isOpening = false;
					if (!opened.destroyed) opened.write(h2Start);
				});
				return;
			}
			socket.write(resets(stream, amount));
			stream += 2 * amount;
			count += amount;
		});
	},
	unfinished: () =>
		every(200, (amount) => {
			for (let index = 0; index < amount / 10; index++)
				void openTls(target, 'h2').then((socket) => {
					if (keep(socket).destroyed) return;
					socket.write(Buffer.concat([h2Start, ...Array.from({ length: 10 }, (_, at) => openCall(1 + 2 * at))]));
					socket.write(frame('PING', 0, 0, Buffer.alloc(8)));
					count += 10;
				});
		}),
	tokens() {
		const channel = openChannel(`127.0.0.1:${port}`, { ca });
		let guess = 0;
		every(200, (amount) => {
			for (let index = 0; index < amount; index++) {
				const token = `abcdef.${String(guess++).padStart(16, '0')}`;
				void call(withBearerToken(channel, token), 'Nodes', 'List', {}, { deadlineMs: 5_000 }).catch(() => {
					count += 1;
				});
			}
		});
	},
	traces() {
		const span = (index: number) => ({
			traceId: index.toString(16).padStart(32, '0'),
			spanId: index.toString(16).padStart(16, '0'),
			name: 'join',
			kind: 1,
			startTimeUnixNano: '1',
			endTimeUnixNano: '2',
			attributes: Array.from({ length: 32 }, (_, at) => ({ key: `a${at}`, value: { stringValue: 'a'.repeat(500) } })),
		});
		let index = 1;
		const send = async (): Promise<void> => {
			const spans = Array.from({ length: 20 }, () => span(index++));
			const body = JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] });
			const headers = { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
			await fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', headers, body })
				.then((response) => response.arrayBuffer())
				.catch(() => undefined);
			count += 1;
			setTimeout(send, SECOND_MS / TICKS);
		};
		for (let sender = 0; sender < 4; sender++) void send();
	},
};

kinds[kind]?.();
setInterval(() => process.send?.({ kind, count, open: sockets.size }), SECOND_MS);
process.once('disconnect', () => process.exit());
