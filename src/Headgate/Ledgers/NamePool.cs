using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Headgate.Ledgers;

/// <summary>Names that come again and again in a file, each made into a string once. Not thread-safe.</summary>
internal sealed class NamePool
{
    /// <summary>Bytes; longer ones are not kept.</summary>
    private const int Longest = 256;

    private readonly HashSet<string> _names = new(new Utf8Comparer());
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public NamePool() => _lookup = _names.GetAlternateLookup<ReadOnlySpan<byte>>();

    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest)
            return Encoding.UTF8.GetString(utf8);
        if (_lookup.TryGetValue(utf8, out var name))
            return name;
        _lookup.Add(utf8);
        return _lookup.TryGetValue(utf8, out name) ? name : Encoding.UTF8.GetString(utf8);
    }

    /// <summary>Strings by their UTF-8.</summary>
    private sealed class Utf8Comparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public string Create(ReadOnlySpan<byte> alternate) => Encoding.UTF8.GetString(alternate);

        public bool Equals(ReadOnlySpan<byte> alternate, string other)
        {
            Span<byte> bytes = stackalloc byte[Longest];
            return Encoding.UTF8.TryGetBytes(other, bytes, out var length) && alternate.SequenceEqual(bytes[..length]);
        }

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode([DisallowNull] string obj) => GetHashCode(Encoding.UTF8.GetBytes(obj));
    }
}
