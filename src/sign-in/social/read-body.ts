// Reads what providers answer, up to a size: one that sends without end, or much in few bytes, must not fill the memory.

/** Real answers have a few KB. */
const mostBytes = 256 * 1024;

/** The body, decompressed. @throws when it is larger than any answer should be */
export async function readBody(response: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
