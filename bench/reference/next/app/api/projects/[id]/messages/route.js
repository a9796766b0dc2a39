export async function POST(request, { params }) {
  const { id } = await params;
  const { content } = await request.json();
  const message = globalThis.chat.store(Number(id), content);
  globalThis.chat.emit(message);
  return Response.json(message, { status: 201 });
}
