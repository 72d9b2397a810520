using System.Buffers.Binary;
using System.Text;

namespace Headgate.IntegrationTests.Service;

/// <summary>A message of Protocol Buffers, read by the numbers of its fields: enough of it to see what an export holds.</summary>
internal sealed class WireMessage
{
    private readonly List<(int Field, object Value)> _fields = [];

    private WireMessage() { }

    /// <exception cref="FormatException">It is none.</exception>
    public static WireMessage Read(ReadOnlySpan<byte> bytes)
    {
        var message = new WireMessage();
        while (!bytes.IsEmpty)
        {
            var tag = Varint(ref bytes);
            object value = (tag & 7) switch
            {
                0 => Varint(ref bytes),
                1 => BinaryPrimitives.ReadUInt64LittleEndian(Take(ref bytes, 8)),
                2 => Take(ref bytes, (int)Varint(ref bytes)).ToArray(),
                5 => (ulong)BinaryPrimitives.ReadUInt32LittleEndian(Take(ref bytes, 4)),
                var kind => throw new FormatException($"there is no kind {kind} of field"),
            };
            message._fields.Add(((int)(tag >> 3), value));
        }
        return message;
    }

    /// <summary>The messages in a field, however often it is there.</summary>
    public IEnumerable<WireMessage> All(int field) => _fields.Where(it => it.Field == field).Select(it => Read((byte[])it.Value));

    public WireMessage One(int field) => All(field).Single();

    public bool Has(int field) => _fields.Any(it => it.Field == field);

    public string Text(int field) => _fields.LastOrDefault(it => it.Field == field).Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "";

    public string Hex(int field) => _fields.LastOrDefault(it => it.Field == field).Value is byte[] bytes ? Convert.ToHexStringLower(bytes) : "";

    public ulong Number(int field) => _fields.LastOrDefault(it => it.Field == field).Value is ulong number ? number : 0;

    /// <summary>The attributes in a field, each as text.</summary>
    public Dictionary<string, string> Attributes(int field) => All(field).ToDictionary(pair => pair.Text(1), pair => pair.Has(2) ? pair.One(2).AnyValue() : "");

    private string AnyValue() => _fields is [(1, byte[] text)] ? Encoding.UTF8.GetString(text) : _fields is [(_, ulong number)] ? $"{number}" : "…";

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var next = Take(ref bytes, 1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
            shift += 7;
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (count < 0 || count > bytes.Length)
            throw new FormatException("a field is longer than its message");
        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}
