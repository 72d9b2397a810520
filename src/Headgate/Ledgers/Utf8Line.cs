using System.Buffers;
using System.Text;

namespace Headgate.Ledgers;

/// <summary>
/// One JSON record, formatted into a buffer that its thread keeps: a send must not cost an allocation.
/// Only for the thread that asked for it, and only until that thread asks again.
/// </summary>
internal sealed class Utf8Line
{
    private const int Longest = 20;
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    [ThreadStatic]
    private static Utf8Line? _ofThread;

    private byte[] _bytes = new byte[1024];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>The thread's line, empty.</summary>
    public static Utf8Line Begin()
    {
        var line = _ofThread ??= new Utf8Line();
        line._length = 0;
        return line;
    }

    public Utf8Line Raw(ReadOnlySpan<byte> json)
    {
        json.CopyTo(Room(json.Length));
        _length += json.Length;
        return this;
    }

    public Utf8Line Number(ReadOnlySpan<byte> name, long value)
    {
        Raw(name);
        value.TryFormat(Room(Longest), out var written);
        _length += written;
        return this;
    }

    /// <summary>A member that is left out where it is null.</summary>
    public Utf8Line Text(ReadOnlySpan<byte> name, string? value) => value is null ? this : Raw(name).Text(value);

    public Utf8Line Text(string value)
    {
        Raw("\""u8);
        if (value.AsSpan().ContainsAnyExcept(Plain))
            Escaped(value);
        else
            _length += Encoding.ASCII.GetBytes(value, Room(value.Length));
        return Raw("\""u8);
    }

    /// <summary>The costs as an object, left out where they are one request.</summary>
    public Utf8Line Cost(UnitCost[]? costs) => UnitCost.IsOneRequest(costs) ? this : Raw(",\"cost\":"u8).Costs(costs!);

    public Utf8Line Costs(UnitCost[] costs)
    {
        for (var i = 0; i < costs.Length; i++)
            Raw(i == 0 ? "{"u8 : ","u8).Text(costs[i].Unit).Number(":"u8, costs[i].Amount);
        return Raw(costs.Length == 0 ? "{}"u8 : "}"u8);
    }

    private void Escaped(string value)
    {
        foreach (var rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"': Raw("\\\""u8); break;
                case '\\': Raw("\\\\"u8); break;
                case '\n': Raw("\\n"u8); break;
                case < 0x20 or 0x7f:
                    Raw("\\u00"u8);
                    rune.Value.TryFormat(Room(2), out var written, "x2");
                    _length += written;
                    break;
                default: _length += rune.EncodeToUtf8(Room(4)); break;
            }
        }
    }

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - _length < length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + length));
        return _bytes.AsSpan(_length);
    }
}
