/** The table proto/kubejoin.txt, made from the .proto files of the mesh. */
import protobuf from 'protobufjs';

/** @param sources  contents of .proto files */
export function contractsTable(sources: readonly string[]): string {
	const blocks = sources.flatMap((source) => {
		const { root } = protobuf.parse(source);
		const namespace = root.lookup('kubejoin.v1');
		if (!(namespace instanceof protobuf.Namespace)) throw new TypeError('a file is not of the package kubejoin.v1');
		return namespace.nestedArray.map((item) => {
			if (item instanceof protobuf.Type) return [nameOf(item.name), ...item.fieldsArray.map(fieldLine)];
			if (item instanceof protobuf.Service)
				return [`service ${item.name}`, ...item.methodsArray.map((method) => methodLine(method))];
			throw new TypeError(`${item.name} is neither a message nor a service`);
		});
	});
	return `${blocks.map((lines) => lines.join('\n\t')).join('\n')}\n`;
}

function methodLine({ name, requestType, requestStream, responseType, responseStream }: protobuf.Method): string {
	const typeOf = (type: string, isStream = false): string => `${isStream ? 'stream ' : ''}${nameOf(type)}`;
	return [name, typeOf(requestType, requestStream), typeOf(responseType, responseStream)].join(' ');
}

const scalars = ['bool', 'bytes', 'int32', 'int64', 'string'];

/** A field is written if an object has it, as one behind a pointer of Go. */
function fieldLine({ name, id, type, repeated }: protobuf.Field): string {
	return `${name} ${id} ${repeated ? '[]' : '*'}${scalars.includes(type) ? type : nameOf(type)} omitempty`;
}

/** `core/v1.Node` of `k8s.io.api.core.v1.Node`, and `kubejoin/v1.GetRequest` of `GetRequest`. */
function nameOf(type: string): string {
	const [, group, version, name] = /^k8s\.io\.(?:api|apimachinery\.pkg\.apis)\.(\w+)\.(\w+)\.(\w+)$/.exec(type) ?? [];
	return group === undefined ? `kubejoin/v1.${type}` : `${group}/${version}.${name}`;
}
