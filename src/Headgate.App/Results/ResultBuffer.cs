using System.Buffers;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Results;

/// <summary>A result in its letters, in memory that is used again.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class ResultBuffer : IBufferWriter<byte>, IDisposable
{
    // A buffer that a large body made larger than this goes back to the pool of the runtime, or a few large bodies would hold memory for ever.
    private const int KeptSize = 256 * 1024;

    private readonly Utf8JsonWriter _json;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(2048);
    private int _length;

    public ResultBuffer() => _json = new Utf8JsonWriter(this, ResultRecordWriter.Options);

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Replaces what is there by a result and the end of its line.</summary>
    public void Encode(ResultRecord record)
    {
        _length = 0;
        _json.Reset(this);
        ResultRecordWriter.Write(_json, record);
        _json.Flush();
        GetSpan(1)[0] = (byte)'\n';
        Advance(1);
    }

    /// <summary>Makes it small again before it waits for its next use.</summary>
    public void Release()
    {
        _length = 0;
        if (_bytes.Length <= KeptSize)
            return;
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = ArrayPool<byte>.Shared.Rent(2048);
    }

    public void Dispose()
    {
        _json.Reset(Stream.Null); // or its disposal would write into memory that is given back
        _json.Dispose();
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_length);
    }

    private void Reserve(int sizeHint)
    {
        if (_bytes.Length - _length >= Math.Max(sizeHint, 1))
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, checked(_length + sizeHint)));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
