using System.Net;

namespace Headgate.Retries;

/// <summary>The body of an answer of which the beginning was read ahead, to find out what the answer means: whoever reads it gets all of it.</summary>
internal sealed class PeekedContent : HttpContent
{
    private readonly HttpContent _source;
    private readonly byte[] _beginning;
    private readonly Stream _rest;

    private PeekedContent(HttpContent source, byte[] beginning, Stream rest)
    {
        (_source, _beginning, _rest) = (source, beginning, rest);
        foreach (var (name, values) in source.Headers.NonValidated)
            Headers.TryAddWithoutValidation(name, values);
    }

    /// <summary>Reads a body up to a size, and puts it back.</summary>
    /// <param name="answer">The answer; its content is replaced.</param>
    /// <param name="most">How much is read at most, in bytes.</param>
    /// <param name="cancellation">Ends the reading with the attempt.</param>
    /// <returns>What was read, and whether that is all of it.</returns>
    public static async ValueTask<(ReadOnlyMemory<byte> Body, bool IsWhole)> ReadAsync(HttpResponseMessage answer, int most, CancellationToken cancellation)
    {
        var rest = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new MemoryStream();
        var piece = new byte[8192];
        int count;
        do
        {
            count = await rest.ReadAnswerAsync(piece, cancellation).ConfigureAwait(false);
            buffer.Write(piece, 0, count);
        }
        while (count > 0 && buffer.Length <= most);
        var beginning = buffer.ToArray();
        answer.Content = new PeekedContent(answer.Content, beginning, rest);
        return (beginning, count == 0);
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new PeekedStream(_beginning, _rest));

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new PeekedStream(_beginning, _rest);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_beginning, cancellationToken).ConfigureAwait(false);
        await _rest.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }

    private sealed class PeekedStream(byte[] beginning, Stream rest) : Stream
    {
        private int _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => FromBeginning(buffer) is var count and > 0 ? count : rest.Read(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            FromBeginning(buffer.Span) is var count and > 0 ? new ValueTask<int>(count) : rest.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                rest.Dispose();
            base.Dispose(disposing);
        }

        private int FromBeginning(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, beginning.Length - _read);
            beginning.AsSpan(_read, count).CopyTo(buffer);
            _read += count;
            return count;
        }
    }
}
