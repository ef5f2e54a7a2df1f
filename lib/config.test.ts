import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
	commonSettings,
	contentsOf,
	hostPort,
	httpUrl,
	integer,
	list,
	listenSettings,
	oneOf,
	optional,
	type Parse,
	port,
	readConfig,
	secretFile,
	setting,
	settingsHelp,
	storeOptions,
	storeSettings,
	text,
	urlWithScheme,
	withDefault,
} from './config.ts';
import { hasCode } from './errors.ts';

const settings = {
	name: setting('NAME', text, 'name of the service'),
	size: withDefault('SIZE', integer(1, 10), 3, 'how large, in metres'),
	peer: setting('PEER', hostPort, 'HOST:PORT of the peer'),
	extra: optional('EXTRA', text, 'what else'),
};
const good = { KUBEJOIN_NAME: 'n', KUBEJOIN_PEER: 'a:1' };
const problemsOf = (read: () => unknown): readonly string[] => {
	try {
		read();
	} catch (error) {
		assert.ok(hasCode(error, 'CONFIG_INVALID'));
		return error.details.problems as string[];
	}
	return [];
};
const refuses = (parse: Parse<unknown>, allowed: string, ...texts: string[]) => {
	for (const bad of texts) assert.throws(() => parse(bad), { message: allowed }, bad);
};

describe('readConfig', () => {
	it('gives every setting its value, its default, or undefined', () => {
		assert.deepEqual(readConfig(settings, { ...good, PATH: '/bin' }), {
			name: 'n',
			size: 3,
			peer: 'a:1',
			extra: undefined,
		});
		assert.deepEqual(readConfig(settings, { ...good, KUBEJOIN_SIZE: '10', KUBEJOIN_EXTRA: '' }), {
			name: 'n',
			size: 10,
			peer: 'a:1',
			extra: '',
		});
	});

	it('CONFIG_INVALID names missing, invalid and unknown settings at once, with exit code 2', () => {
		const read = () =>
			readConfig(settings, { KUBEJOIN_SIZE: '11', KUBEJOIN_PEER: 'https://a', KUBEJOIN_NAMES: 'n', KUBEJOIN_: '' });
		const known = 'it knows KUBEJOIN_EXTRA, KUBEJOIN_NAME, KUBEJOIN_PEER, KUBEJOIN_SIZE';
		assert.deepEqual(problemsOf(read), [
			'KUBEJOIN_NAME is missing: name of the service',
			'KUBEJOIN_SIZE="11" cannot be used: it must be a whole number from 1 to 10',
			'KUBEJOIN_PEER="https://a" cannot be used: it must be HOST:PORT, without a scheme',
			`KUBEJOIN_NAMES is not a setting of this program; ${known}`,
			`KUBEJOIN_ is not a setting of this program; ${known}`,
		]);
		assert.throws(read, { exitCode: 2, message: /^5 settings are invalid:\n {2}- KUBEJOIN_NAME is missing/ });
	});

	it('never replaces an invalid value by the default', () => {
		for (const bad of ['', ' ', '3 ', '0', '-3', '3.0', '3e0', '0x3', '٣']) {
			assert.equal(
				problemsOf(() => readConfig(settings, { ...good, KUBEJOIN_SIZE: bad })).length,
				1,
				JSON.stringify(bad),
			);
		}
	});
});

describe('the values of a setting', () => {
	let directory: string;
	before(() => {
		directory = mkdtempSync(join(tmpdir(), 'config-'));
	});
	after(() => rmSync(directory, { recursive: true }));
	const file = (contents: string) => {
		const path = join(directory, 'file');
		writeFileSync(path, contents);
		return path;
	};

	it('are an integer or a port', () => {
		fc.assert(fc.property(fc.integer({ min: 1, max: 65535 }), (number) => assert.equal(port(String(number)), number)));
		fc.assert(
			fc.property(
				fc.string(),
				(any) => (/^\d+$/.test(any) && Number(any) > 0 && Number(any) < 65536) || assert.throws(() => port(any)),
			),
		);
		refuses(port, 'a whole number from 1 to 65535', '0', '65536', '');
	});

	it('are one of a set, a list, or an address', () => {
		assert.equal(oneOf('a', 'b')('b'), 'b');
		refuses(oneOf('a', 'b'), 'one of a, b', '', 'c', 'A', 'constructor');
		assert.deepEqual(list(' a, b,,c '), ['a', 'b', 'c']);
		assert.deepEqual(list(''), []);
		assert.equal(urlWithScheme('redis', 'lmdb')('lmdb:/x'), 'lmdb:/x');
		refuses(urlWithScheme('redis', 'lmdb'), 'an address that starts with redis:, lmdb:', 'http://x', 'redis', '');
		for (const url of ['http://127.0.0.1:8080', 'https://[::1]/a?b', 'HTTP://h']) assert.equal(httpUrl(url), url);
		const example = 'an address such as http://127.0.0.1:8080, without a user name';
		refuses(
			httpUrl,
			example,
			'not a url',
			'',
			'localhost:8080',
			'http://',
			'file:///etc',
			'http://u:p@h',
			'http://a b',
		);
		refuses(hostPort, 'HOST:PORT, without a scheme', 'a', 'http://a:1', '');
	});

	it('are the contents of a file, or a secret without its line break', () => {
		assert.equal(contentsOf(file('a\n')), 'a\n');
		assert.equal(secretFile(file('a b\n')), 'a b');
		assert.equal(secretFile(file('a\r\n')), 'a');
		assert.equal(secretFile(file('a\n\n')), 'a\n');
		refuses(secretFile, 'a file that is not empty', file('\n'));
		assert.throws(
			() => contentsOf(join(directory, 'none')),
			/^Error: a file that can be read \(no such file or directory\)/,
		);
		assert.throws(() => contentsOf(directory), /^Error: a file that can be read \(is a directory\)/);
	});

	it('are not repeated in a problem if they contain a password', () => {
		const env = { KUBEJOIN_STORE_URL: 'nonsense', KUBEJOIN_STORE_PASSWORD_FILE: file('hunter2') };
		const problems = problemsOf(() => readConfig(storeSettings, env));
		assert.deepEqual([problems.length, problems.join().includes('hunter2')], [1, false]);
	});
});

describe('the settings of every service', () => {
	it('have defaults that bind to this machine only', () => {
		assert.deepEqual(readConfig({ ...commonSettings, ...listenSettings(6443) }, {}), {
			logLevel: 'info',
			logFormat: 'text',
			healthAddress: '127.0.0.1',
			healthHosts: [],
			healthPort: 10248,
			invalidSettings: 'exit',
			listenAddress: '127.0.0.1',
			port: 6443,
			tracesKey: undefined,
		});
	});

	it('are listed by --help, with the required ones and the defaults', () => {
		const help = settingsHelp('ca-service', {
			key: setting('KEY_FILE', text, 'PEM file with the key'),
			hosts: withDefault('HOSTS', list, [], 'host names'),
			port: withDefault('PORT', port, 6443, 'port of the server'),
			other: optional('OTHER', text, 'something'),
		});
		assert.equal(
			help,
			`Usage: ca-service [--help]

Settings, all of them environment variables:
  KUBEJOIN_HOSTS
      host names
  KUBEJOIN_KEY_FILE
      PEM file with the key (required)
  KUBEJOIN_OTHER
      something
  KUBEJOIN_PORT
      port of the server (default: 6443)
`,
		);
	});

	it('storeOptions leaves unset options undefined', () => {
		const read = (env: Record<string, string>) =>
			storeOptions(readConfig(storeSettings, { KUBEJOIN_STORE_URL: 'lmdb:/x', ...env }), 'tokens');
		const unset = { url: 'lmdb:/x', keyspace: 'tokens', username: undefined, password: undefined };
		assert.deepEqual(read({}), unset);
		assert.deepEqual(read({ KUBEJOIN_STORE_USERNAME: 'u' }), { ...unset, username: 'u' });
	});
});
