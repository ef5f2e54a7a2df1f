// Every test but those of the containers and of the whole catalogue of experiments; or those of the paths that the command line names, to which mocha itself would add these.
const { existsSync } = require('node:fs');

const isNamed = process.argv.slice(2).some((argument) => !argument.startsWith('-') && existsSync(argument));

module.exports = {
	import: 'tsx/esm',
	extension: ['test.ts'],
	recursive: true,
	timeout: 5_000,
	...(isNamed
		? {}
		: {
				spec: ['{lib,services,infra,scripts,test}/**/*.test.ts'],
				ignore: ['test/compose*.test.ts', 'test/chaos-*.test.ts'],
			}),
};
