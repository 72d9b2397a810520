using Headgate.Retries;

namespace Headgate.App.Service;

/// <summary>The body of a call while it is sent on. Remembers why it did not come whole: that is the caller's matter, not the API's.</summary>
internal sealed class CallerBody(Stream body) : ReadingStream
{
    /// <summary>
    /// So much of it is read before the call asks for its turn, in bytes. Whoever sends a usual body slowly, or a broken one, takes no place in any limit
    /// with it; of larger ones the rest goes on while it comes.
    /// </summary>
    private const int ReadAhead = 64 * 1024;

    private byte[] _ahead = [];
    private int _length;
    private int _passed;
    private bool _isWhole;

    /// <summary>What went wrong while it was read; null as long as nothing has.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What was read of it ahead.</summary>
    public ReadOnlyMemory<byte> Beginning => _ahead.AsMemory(0, _length);

    /// <summary>All of it, where it was read to its end ahead; null where it goes on.</summary>
    public ReadOnlyMemory<byte>? Whole => _isWhole ? _ahead.AsMemory(0, _length) : default(ReadOnlyMemory<byte>?);

    /// <summary>Reads its beginning, or all of it.</summary>
    /// <param name="announced">How long it says that it is; null if it does not say.</param>
    /// <param name="cancellation">The caller has gone.</param>
    /// <exception cref="IOException">It did not come as it should.</exception>
    public async Task ReadAheadAsync(long? announced, CancellationToken cancellation)
    {
        // One byte more than there is: only then its end is seen.
        _ahead = new byte[Math.Min(ReadAhead, (announced ?? 4096) + 1)];
        while (_length < ReadAhead)
        {
            if (_length == _ahead.Length)
                Array.Resize(ref _ahead, Math.Min(ReadAhead, 4 * _length));
            var count = await body.ReadAsync(_ahead.AsMemory(_length), cancellation);
            if (_isWhole = count == 0)
                return;
            _length += count;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_passed < _length)
        {
            var count = Math.Min(buffer.Length, _length - _passed);
            _ahead.AsMemory(_passed, count).CopyTo(buffer);
            _passed += count;
            return count;
        }
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception failure)
        {
            Failure = failure;
            throw;
        }
    }

    /// <summary>Who sends on waits for no caller.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
