import assert from 'node:assert/strict';
import { allCpuMs, cpuMs, proportionalBytes, readStrace, residentBytes, runningProcesses } from './processes.ts';

describe('processes of the benchmarks', () => {
	it('reads the processor time and the memory of this process', function () {
		if (process.platform !== 'linux') this.skip();
		const { user, system } = process.cpuUsage();
		assert.ok(Math.abs(cpuMs(process.pid) - (user + system) / 1000) < 1000);
		assert.ok(residentBytes(process.pid) > 1024 * 1024);
		assert.ok(proportionalBytes(process.pid) > 1024 * 1024);
	});
	it('finds this process among those that run, and nothing of one that has ended', function () {
		if (process.platform !== 'linux') this.skip();
		assert.ok(runningProcesses().some(({ pid, name }) => pid === process.pid && name !== ''));
		assert.ok(allCpuMs(process.pid) >= cpuMs(process.pid) - 1000);
		// Above the greatest that Linux gives.
		assert.equal(allCpuMs(2 ** 22 + 1), 0);
	});
	it('counts the system calls of a table of strace', () => {
		const table = `strace: Process 1 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600          60        10         2 futex
 30.00    0.000300         100         3           fdatasync
 10.00    0.000100          50         2           fsync
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000          66        15         2 total
`;
		assert.deepEqual(readStrace(table), { all: 15, fsync: 5 });
	});
});
