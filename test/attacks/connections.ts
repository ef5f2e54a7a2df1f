/** Connections and streams that cost the server something and the attacker nothing. */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../../lib/limits.ts';
import { healthPort } from '../../scripts/mesh/services.ts';
import { eventually } from '../mesh/mesh.ts';
import type { AttackGroup, Rest } from './attack.ts';
import { callHeaders, callsAroundGoaway, frame, h2Start, h2WithWindow, openTls, resetRequests } from './raw-client.ts';
import { anonymousTls, HOST, http2Session, inSteps, type Target } from './target.ts';

const isOpen = (socket: Socket): boolean => !socket.destroyed && socket.readyState !== 'closed';

/** Sockets that the server must have closed after a while. */
async function requireClosed(sockets: readonly Socket[], withinSeconds: number): Promise<void> {
	try {
		await eventually(withinSeconds, () => {
			const open = sockets.filter(isOpen).length;
			assert.equal(open, 0, `${open} of ${sockets.length} connections are still open after ${withinSeconds} s`);
		});
	} finally {
		for (const socket of sockets) socket.destroy();
	}
}

function silentSocket(port: number, bytes?: string): Promise<Socket> {
	return new Promise((resolve) => {
		const socket = connectTcp(port, HOST, () => {
			if (bytes !== undefined) socket.write(bytes);
			socket.resume();
			resolve(socket);
		});
		socket.on('error', () => resolve(socket));
	});
}

function tlsSocket(port: number, alpn: string, bytes?: string): Promise<Socket> {
	return new Promise((resolve) => {
		const socket = anonymousTls(port, alpn);
		socket.once('secureConnect', () => {
			if (bytes !== undefined) socket.write(bytes);
			socket.resume();
			resolve(socket);
		});
		socket.on('error', () => resolve(socket));
	});
}

const MANY_STREAMS = 5_000;
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const halfOpen = async ({ mesh, tlsPorts, httpPorts }: Target): Promise<Socket[]> => {
	const sockets: Socket[] = [];
	for (const { port } of tlsPorts) {
		sockets.push(...(await inSteps(50, 50, () => silentSocket(port))));
		sockets.push(...(await inSteps(50, 50, () => silentSocket(port, '\x16\x03\x01\x02\x00\x01'))));
	}
	sockets.push(...(await inSteps(50, 10, () => tlsSocket(mesh.port, 'http/1.1', 'GET / HTTP/1.1\r\nHost: local'))));
	sockets.push(...(await inSteps(50, 10, () => tlsSocket(mesh.port, 'h2'))));
	sockets.push(...(await inSteps(50, 10, () => tlsSocket(mesh.port, 'h2', HTTP2_PREFACE.slice(0, 10)))));
	for (const { port } of httpPorts) sockets.push(...(await inSteps(10, 10, () => silentSocket(port, 'GET / HT'))));
	return sockets;
};

async function resetStreams(port: number): Promise<void> {
	const session = await http2Session(port);
	const path = '/kubejoin.v1.ConfigMaps/Get';
	try {
		for (let round = 0; round < 10 && !session.closed && !session.destroyed; round++) {
			for (let stream = 0; stream < 100 && !session.closed && !session.destroyed; stream++) {
				const request = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
				request.on('error', () => undefined);
				request.close(8);
			}
			await delay(1);
		}
	} catch {
		// The server has closed the session: that is its defence.
	} finally {
		session.destroy();
	}
}

async function resetInOneWrite({ mesh, metric }: Target): Promise<void> {
	const count = async () => ({
		requests: await metric('apiserver-sim', 'apiserver_request_total'),
		refusals: await metric('apiserver-sim', 'kubejoin_limit_refusals_total', 'limit="streamResets"'),
	});
	const connections = 20;
	const before = await count();
	for (const code of [0, 8]) {
		const bytes = Buffer.concat([h2Start, resetRequests(4_000, '/version', code)]);
		const sockets = await inSteps(connections, 10, () => openTls({ host: HOST, port: mesh.port }, 'h2'));
		for (const socket of sockets) socket.write(bytes);
		await requireClosed(sockets, 20);
	}
	const after = await count();
	assert.equal(after.refusals - before.refusals, 2 * connections);
	// The nodes of the mesh send requests as well.
	const most = 2 * connections * limits.concurrentStreams.value + 100;
	const answered = after.requests - before.requests;
	assert.ok(answered <= most, `${answered} requests were answered, and at most ${most} may be`);
}

async function openManyStreams({ mesh, residentMegabytes }: Target): Promise<void> {
	const before = residentMegabytes('apiserver-sim');
	const session = await http2Session(mesh.port);
	const refused: number[] = [];
	try {
		for (let stream = 0; stream < MANY_STREAMS && !session.closed && !session.destroyed; stream++) {
			const request = session.request(
				{ ':method': 'POST', ':path': '/kubejoin.v1.ConfigMaps/Get', 'content-type': 'application/grpc' },
				{ endStream: false },
			);
			request.on('error', () => refused.push(stream));
			if (stream % 500 === 0) await delay(1);
		}
		await delay(1_000);
		const grown = residentMegabytes('apiserver-sim') - before;
		assert.ok(grown < 150, `apiserver-sim grew by ${Math.round(grown)} MB`);
	} finally {
		session.destroy();
	}
}

/** `ConfigMaps/Get` of an object that every client may read. */
function readClusterInfo(stream: number): Buffer {
	const text = (field: number, value: string): Buffer =>
		Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]);
	const message = Buffer.concat([text(1, 'kube-public'), text(2, 'cluster-info')]);
	const prefix = Buffer.from([0, 0, 0, 0, message.length]);
	const headers = callHeaders('/kubejoin.v1.ConfigMaps/Get');
	return Buffer.concat([
		frame('HEADERS', 4, stream, headers),
		frame('DATA', 1, stream, Buffer.concat([prefix, message])),
	]);
}

async function readNoResponse(target: Target): Promise<Rest> {
	const before = await target.refusals('apiserver-sim', 'unreadAnswers');
	const calls = Array.from({ length: limits.concurrentStreams.value - 10 }, (_, at) => readClusterInfo(1 + 2 * at));
	const connectionsNeeded = Math.ceil(limits.unreadAnswers.value / calls.length) + 1;
	const sockets = await inSteps(connectionsNeeded, 5, async () => {
		const socket = await openTls({ host: HOST, port: target.mesh.port }, 'h2');
		socket.once('end', () => socket.destroy());
		if (!socket.destroyed) socket.write(Buffer.concat([h2WithWindow(0), ...calls]));
		return socket;
	});
	return async () => {
		try {
			await eventually(30, async () =>
				assert.ok((await target.refusals('apiserver-sim', 'unreadAnswers')) > before, 'no connection was closed'),
			);
		} finally {
			// All of them, because this attacker answers no ping either.
			await requireClosed(sockets, (2 * limits.peerAliveTime.value + limits.unreadAnswerTime.value) / 1_000);
		}
	};
}

async function openHalf(target: Target): Promise<Rest> {
	const before = target.openFiles('apiserver-sim');
	const sockets = await halfOpen(target);
	return async () => {
		const seconds = (limits.tlsHandshakeTime.value + limits.firstRequestTime.value) / 1_000 + 20;
		await requireClosed(sockets, seconds);
		await eventually(20, () => {
			const left = target.openFiles('apiserver-sim') - before;
			assert.ok(left < 20, `${left} descriptors are still open`);
		});
	};
}

async function sendTinyFrames(target: Target): Promise<void> {
	const before = await target.refusals('apiserver-sim', 'messageFrames');
	const socket = await openTls({ host: HOST, port: target.mesh.port }, 'h2');
	const headers = frame('HEADERS', 4, 1, callHeaders('/kubejoin.v1.ConfigMaps/Get'));
	const tiny = Buffer.concat(Array.from({ length: 20_000 }, () => frame('DATA', 0, 1, Buffer.from([1]))));
	socket.write(Buffer.concat([h2Start, headers, frame('DATA', 0, 1, Buffer.from([0, 0, 16, 0, 0])), tiny]));
	await requireClosed([socket], 10);
	assert.equal(await target.refusals('apiserver-sim', 'messageFrames'), before + 1);
}

async function callAroundGoaway({ tlsPorts }: Target): Promise<void> {
	for (const { port } of tlsPorts) {
		for (const code of [0, 1, 11]) {
			const sockets = await inSteps(10, 10, () => openTls({ host: HOST, port }, 'h2'));
			for (const socket of sockets) socket.write(Buffer.concat([h2Start, callsAroundGoaway(code)]));
			// All has been read when the handshake of a later connection is over.
			sockets.push(await openTls({ host: HOST, port }, 'h2'));
			for (const socket of sockets) socket.destroy();
		}
	}
}

async function pipeline(target: Target): Promise<void> {
	const requests = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2_000);
	const before = await target.refusals('apiserver-sim', 'httpPipelinedRequests');
	await requireClosed(
		await inSteps(20, 20, () => silentSocket(healthPort(target.mesh.port, 'apiserver-sim'), requests)),
		10,
	);
	assert.equal(await target.refusals('apiserver-sim', 'httpPipelinedRequests'), before + 20);
}

export const connections: AttackGroup = {
	name: 'Connections and streams',
	attacks: [
		{
			title: 'open connections and say nothing, half a ClientHello, half a request or half an HTTP/2 preface',
			attacker: 'network access only',
			result: 'closed when the time for that part is over; no descriptor stays open',
			limits: ['tlsHandshakeTime', 'firstRequestTime'],
			run: { begin: openHalf },
		},
		{
			title: 'reset 1,000 streams on each of 50 connections until the server says GOAWAY',
			attacker: 'network access only',
			result: 'GOAWAY and a closed socket; no descriptor stays open',
			async run(target) {
				const before = target.openFiles('apiserver-sim');
				await inSteps(50, 10, () => resetStreams(target.mesh.port));
				await eventually(20, () => {
					const left = target.openFiles('apiserver-sim') - before;
					assert.ok(left < 20, `${left} descriptors are still open`);
				});
			},
		},
		{
			title: 'send and reset 4,000 requests in one write, on each of 20 connections, with and without an error code',
			attacker: 'network access only',
			result: 'the connection is closed after a hundred',
			limits: ['streamResets'],
			run: resetInOneWrite,
		},
		{
			title: 'begin calls before and after a GOAWAY, in one write, with and without an error code, on every TLS port',
			attacker: 'network access only',
			result: 'the connection is closed, or the calls before it are answered',
			run: callAroundGoaway,
		},
		{
			title: 'open 5,000 streams that never send a message on one connection',
			attacker: 'network access only',
			result: 'streams above the limit are refused; memory grows by less than 150 MB',
			limits: ['concurrentStreams'],
			run: openManyStreams,
		},
		{
			title: 'give no window for 1,000 responses over gRPC',
			attacker: 'network access only',
			result: 'the connection of the oldest response is closed',
			limits: ['unreadAnswers', 'unreadAnswerTime'],
			run: { begin: readNoResponse },
		},
		{
			title: 'send a message in frames of one byte',
			attacker: 'network access only',
			result: 'the connection is closed after the first thousand frames',
			limits: ['messageFrames'],
			run: sendTinyFrames,
		},
		{
			title: 'send 2,000 requests for metrics at once on each of 20 connections',
			attacker: 'network access only',
			result: 'the connection is closed',
			limits: ['httpPipelinedRequests'],
			run: pipeline,
		},
	],
};
