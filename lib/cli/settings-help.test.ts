import assert from 'node:assert/strict';
import { setting, text } from '../config.ts';
import { requestedHelp } from './settings-help.ts';
import { columnsOf } from './terminal-columns.ts';

describe('the help of a program with settings', () => {
	const long = 'services whose health the page shows: NAME=URL of /readyz, separated by commas';
	const settings = { services: setting('SERVICES', text, long) };

	it('is printed for --help and -h alone', () => {
		assert.equal(requestedHelp('observer', settings, [], 'en'), undefined);
		for (const word of ['--help', '-h'])
			assert.equal(
				requestedHelp('observer', settings, [word], 'en'),
				`Usage: observer [--help]

Settings, all of them environment variables:
  KUBEJOIN_SERVICES
      services whose health the page shows: NAME=URL of /readyz, separated by
      commas (required)
`,
			);
	});

	it('has at most 80 columns in Chinese too, where a character takes two', () => {
		const lines = requestedHelp('observer', settings, ['--help'], 'zh')?.split('\n') ?? [];
		assert.match(lines.join('\n'), /页面显示健康状况的服务/);
		for (const line of lines) assert.ok(columnsOf(line) <= 80, line);
	});
});
