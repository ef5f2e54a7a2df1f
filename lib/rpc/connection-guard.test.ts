import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type ConnectionBounds, type ConnectionGuard, createConnectionGuard } from './connection-guard.ts';

const bounds: ConnectionBounds = { total: 4, perAddress: 3, firstRequestMs: 1_000, idleMs: 5_000, closingMs: 20 };
const closed = (socket: PassThrough) => new Promise((resolve) => socket.once('close', resolve));

describe('a connection guard', () => {
	let guard: ConnectionGuard;
	let refused: string[];
	let nowMs: number;
	beforeEach(() => {
		refused = [];
		nowMs = 0;
		guard = createConnectionGuard({ bounds, count: (limit) => void refused.push(limit), elapsedMs: () => nowMs });
	});
	afterEach(() => {
		guard.destroyAll();
		guard.stop();
	});
	const open = (address = 'a') => {
		nowMs += 1;
		const socket = new PassThrough();
		return { socket, connection: guard.admit(socket, address) };
	};
	const used = (address?: string) => {
		const opened = open(address);
		opened.connection?.begin()();
		return opened;
	};
	const identified = (address?: string) => {
		const opened = open(address);
		opened.connection?.identified();
		return opened;
	};
	const busy = (address?: string) => {
		const opened = open(address);
		return { ...opened, end: opened.connection?.begin() };
	};
	const alive = (...all: { socket: PassThrough }[]) => all.map(({ socket }) => !socket.destroyed);

	it('makes room: unused before idle before identified before busy; identified and busy stay', async () => {
		const kept = identified('a');
		const ended = kept.connection?.begin();
		const b = busy('b');
		const c = identified('c');
		const d = used('d');
		const all = [kept, b, c, d];
		const unused = open('e');
		await closed(d.socket);
		assert.deepEqual(alive(...all, unused), [true, true, true, false, true]);
		open('f');
		await closed(unused.socket);
		assert.deepEqual(alive(kept, b, c), [true, true, true]);
		const f = busy('g');
		const g = busy('h');
		await closed(c.socket);
		assert.deepEqual(alive(kept, b, f, g), [true, true, true, true]);
		busy('i');
		await closed(b.socket);
		assert.deepEqual(alive(kept, f, g), [true, true, true]);
		ended?.();
		assert.ok(refused.every((limit) => limit === 'connections'));
	});

	it('refuses a new connection when every other is of a verified client at work', () => {
		const others = ['a', 'b', 'c', 'd'].map((address) => {
			const opened = identified(address);
			opened.connection?.begin();
			return opened;
		});
		const late = open('e');
		assert.equal(late.connection, undefined);
		assert.deepEqual(alive(late, ...others), [false, true, true, true, true]);
		assert.equal(guard.size(), 4);
	});

	it('per address: an address displaces its own, the oldest first', async () => {
		const other = open('b');
		const [first, second, third] = [open('a'), open('a'), open('a')];
		open('a');
		await closed(first.socket);
		assert.deepEqual(alive(other, second, third), [true, true, true]);
		assert.deepEqual(refused, ['connectionsPerAddress']);
	});

	it('an honest client at the address of a flood stays', async () => {
		const honest = used('a');
		const waits = busy('a');
		for (let index = 0; index < 100; index++) {
			open('a');
			await new Promise((resolve) => setImmediate(resolve));
		}
		assert.deepEqual(alive(honest, waits), [true, true]);
		assert.ok(guard.size() <= bounds.perAddress);
	});

	it('closes a connection without a first request or with a long pause, and none with an open request', async () => {
		const unused = open('a');
		const idle = used('b');
		const own = identified('c');
		const working = busy('d');
		let hasLeft = false;
		idle.connection?.onIdle(() => {
			hasLeft = true;
		});
		nowMs += 2_000;
		await closed(unused.socket);
		assert.deepEqual(alive(idle, own, working), [true, true, true]);
		nowMs += 4_000;
		await closed(own.socket);
		assert.deepEqual([...alive(idle, working), hasLeft], [true, true, true]);
		nowMs += bounds.closingMs;
		await closed(idle.socket);
		assert.deepEqual(alive(working), [true]);
		const times = ['connectionIdleTime', 'connectionIdleTime', 'connectionClosingTime'];
		assert.deepEqual(refused, ['firstRequestTime', ...times]);
		working.end?.();
		working.end?.();
		nowMs += bounds.idleMs;
		await closed(working.socket);
	});

	it('connectionClosingTime: destroys a socket that has ended and does not close, also when a request is open', async () => {
		const { socket } = busy('a');
		socket.end();
		await new Promise((resolve) => setTimeout(resolve, 60));
		assert.equal(socket.destroyed, false);
		nowMs += bounds.closingMs;
		await closed(socket);
		assert.equal(guard.size(), 0);
		assert.deepEqual(refused, ['connectionClosingTime']);
	});
});
