using System.Net;
using Headgate.Caching;

namespace Headgate;

/// <summary>The body of an answer that was stored: it is all there, and holds no place.</summary>
internal sealed class StoredContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> _body;

    private StoredContent(Exchange exchange, ReadOnlyMemory<byte> body) => (Path, _body) = (new AnswerPath(exchange), body);

    public AnswerPath Path { get; }

    /// <summary>The answer as if it had just come.</summary>
    public static HttpResponseMessage MessageOf(Exchange exchange, in ServedAnswer served)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)served.Status) { Content = new StoredContent(exchange, served.Body), Version = HttpVersion.Version11, RequestMessage = exchange.Request };
        if (served.Reason is { } reason)
            answer.ReasonPhrase = reason;
        foreach (var (name, value) in served.Fields)
            if (!answer.Headers.TryAddWithoutValidation(name, value))
                answer.Content.Headers.TryAddWithoutValidation(name, value);
        return answer;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => stream.WriteAsync(_body, cancellationToken).AsTask();

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new StoredStream(_body));

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new StoredStream(_body);

    /// <summary>Reads memory that is not its own.</summary>
    private sealed class StoredStream(ReadOnlyMemory<byte> rest) : Retries.ReadingStream
    {
        private ReadOnlyMemory<byte> _rest = rest;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Take(buffer.Span));

        public override int Read(byte[] buffer, int offset, int count) => Take(buffer.AsSpan(offset, count));

        private int Take(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _rest.Length);
            _rest.Span[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }
    }
}
