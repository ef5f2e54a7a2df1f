/** A .proto file without its comments, except the licence at its top. */
export function withoutComments(source: string): string {
	const [licence = ''] = /^\/\*.*?\*\/\n/s.exec(source) ?? [];
	const lines = source
		.slice(licence.length)
		.split('\n')
		.filter((line) => !/^\s*\/\//.test(line));
	const declarations = lines
		.join('\n')
		.replace(/\n{3,}/g, '\n\n')
		.replace(/\n\n( *\})/g, '\n$1');
	return `${licence}\n${declarations.trim()}\n`;
}
