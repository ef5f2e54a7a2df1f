import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { type Ledger, type LedgerEntry, openLedger } from './ledger.ts';

const entry = (requestId: string): LedgerEntry => ({
	time: '2026-01-31T12:00:00Z',
	requestId,
	signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
	subject: 'O=system:nodes, CN=system:node:größe',
	serial: 'aa',
	notBefore: '2026-01-31T11:55:00Z',
	notAfter: '2027-01-31T11:55:00Z',
	fingerprint: 'bb',
	requestDigest: 'cc',
	certificate: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
});
const unusable = (error: unknown) => hasCode(error, 'FILE_UNUSABLE');
const ids = async (ledger: Ledger, from = 0, limit = 100) =>
	(await ledger.list(from, limit)).map((found) => found.requestId);

/** The disk, with chosen calls failing or counted. */
function disk(changes: (file: FileHandle) => void): typeof open {
	return async (...args: Parameters<typeof open>) => {
		const file = await open(...args);
		changes(file);
		return file;
	};
}

describe('the ledger', () => {
	let directory = '';
	let path = '';
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'ledger-'));
		path = join(directory, 'ledger.jsonl');
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it('returns appended entries in order, also after it was opened again; only its owner can read it', async () => {
		const first = await openLedger(path);
		await first.append(entry('1'));
		await Promise.all([first.append(entry('2')), first.append(entry('3'))]);
		await first.close();
		const ledger = await openLedger(path);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.deepEqual([ledger.size, ledger.tornLines], [3, 0]);
		assert.deepEqual(await ids(ledger), ['1', '2', '3']);
		assert.deepEqual(await ids(ledger, 1, 1), ['2']);
		assert.deepEqual(await ids(ledger, 3, 10), []);
		assert.deepEqual(await ids(ledger, 0, 0), []);
		assert.deepEqual(await ledger.find('2'), entry('2'));
		assert.equal(await ledger.find('4'), undefined);
		await ledger.close();
	});

	it('appends of one moment share one fsync', async () => {
		let syncs = 0;
		const counting = disk((file) => {
			const datasync = file.datasync.bind(file);
			file.datasync = () => {
				syncs++;
				return datasync();
			};
		});
		const ledger = await openLedger(path, counting);
		await Promise.all(Array.from({ length: 500 }, (_, i) => ledger.append(entry(`${i}`))));
		assert.equal(syncs, 1);
		assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 500);
		await ledger.close();
	});

	it('a torn last line is cut off and counted', async () => {
		const first = await openLedger(path);
		await first.append(entry('1'));
		await first.close();
		appendFileSync(path, JSON.stringify(entry('2')).slice(0, 100));
		const ledger = await openLedger(path);
		assert.deepEqual([ledger.size, ledger.tornLines], [1, 1]);
		await ledger.append(entry('3'));
		assert.deepEqual(await ids(ledger), ['1', '3']);
		await ledger.close();
	});

	it('a last line of zeros is cut off; FILE_UNUSABLE for any other that no crash leaves, and nothing is cut', async () => {
		const line = `${JSON.stringify(entry('1'))}\n`;
		for (const [rest, isTorn] of [
			['\0\0\0', true],
			['{', true],
			['x', false],
			['\0\0x', false],
			['\xff\xfe{"requestId"', false],
		] as const) {
			writeFileSync(path, `${line}${rest}`, 'latin1');
			if (isTorn) await (await openLedger(path)).close();
			else await assert.rejects(openLedger(path), { code: 'FILE_UNUSABLE', message: /line 2 is not an entry/ });
			assert.equal(readFileSync(path, 'latin1'), isTorn ? line : `${line}${rest}`);
		}
	});

	it('FILE_UNUSABLE for a broken line in the middle, and for one that is no entry', async () => {
		const line = JSON.stringify(entry('1'));
		for (const middle of [line.slice(0, 50), '{}', 'null', '']) {
			writeFileSync(path, `${line}\n${middle}\n${line}\n`);
			await assert.rejects(openLedger(path), unusable);
		}
	});

	it('FILE_UNUSABLE when it cannot be opened', async () => {
		spawnSync('mkfifo', [path]);
		await assert.rejects(openLedger(path), /is a FIFO, not a regular file/);
		rmSync(path);
		writeFileSync(path, '');
		truncateSync(path, 1024 ** 4);
		await assert.rejects(openLedger(path), /line 1 is longer than 1048576 bytes/);
		await assert.rejects(openLedger(join(directory, 'missing', 'ledger')), unusable);
		await assert.rejects(openLedger(directory), unusable);
	});

	it('FILE_UNUSABLE on a full disk: keeps no part of the failed append, and works again with free space', async () => {
		let isFull = false;
		const filling = disk((file) => {
			const write = file.write.bind(file) as (
				buffer: Buffer,
				offset: number,
				length: number,
				position: number,
			) => Promise<{ bytesWritten: number; buffer: Buffer }>;
			const limited = async (buffer: Buffer, offset: number, length: number, position: number) => {
				if (!isFull) return write(buffer, offset, length, position);
				if (offset > 0) throw new Error('ENOSPC: no space left on device, write');
				return write(buffer, offset, 40, position);
			};
			file.write = limited as typeof file.write;
		});
		const ledger = await openLedger(path, filling);
		await ledger.append(entry('1'));
		isFull = true;
		await assert.rejects(ledger.append(entry('2')), unusable);
		assert.equal(await ledger.find('2'), undefined);
		assert.equal(readFileSync(path, 'utf8'), `${JSON.stringify(entry('1'))}\n`);
		isFull = false;
		await ledger.append(entry('3'));
		assert.deepEqual(await ids(ledger), ['1', '3']);
		await ledger.close();
		const again = await openLedger(path);
		assert.deepEqual([again.size, again.tornLines], [2, 0]);
		await again.close();
	});

	it('FILE_UNUSABLE when the disk does not sync', async () => {
		const failing = disk((file) => {
			file.datasync = () => Promise.reject(new Error('EIO: i/o error, fdatasync'));
		});
		const ledger = await openLedger(path, failing);
		await assert.rejects(ledger.append(entry('1')), unusable);
		assert.equal(ledger.size, 0);
		assert.equal(readFileSync(path, 'utf8'), '');
		await ledger.close();
	});
});
