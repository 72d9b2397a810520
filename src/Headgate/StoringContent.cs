using System.Net;
using Headgate.Retries;

namespace Headgate;

/// <summary>The body of an answer that is stored on its way: whoever reads it gets it as it comes.</summary>
internal sealed class StoringContent : HttpContent
{
    private readonly HttpContent _source;
    private readonly BodyCollector _collector;

    public StoringContent(HttpContent source, BodyCollector collector)
    {
        (_source, _collector) = (source, collector);
        foreach (var (name, values) in source.Headers.NonValidated)
            Headers.TryAddWithoutValidation(name, values);
    }

    /// <summary>Whoever reads it has forgotten it: it is not stored, and goes on to him as it is should he come back.</summary>
    public void GiveUp() => _collector.GiveUp();

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var body = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
            await body.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new StoringStream(await _source.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _collector);

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new StoringStream(_source.ReadAsStream(cancellationToken), _collector);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _collector.End(isWhole: false);
            _source.Dispose();
        }
        base.Dispose(disposing);
    }

    private sealed class StoringStream(Stream source, BodyCollector collector) : ReadingStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            collector.Take(buffer.Span[..count], isEnd: count == 0 && !buffer.IsEmpty);
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = source.Read(buffer, offset, count);
            collector.Take(buffer.AsSpan(offset, read), isEnd: read == 0 && count > 0);
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                collector.End(isWhole: false);
                source.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
