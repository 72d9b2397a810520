using System.Runtime.CompilerServices;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.Remote;

/// <summary>A member of an object, or an item of a member that is an array.</summary>
/// <param name="Member">The name of the member.</param>
/// <param name="Json">Its value; valid until the next is asked for.</param>
internal readonly record struct JsonPart(string Member, ReadOnlyMemory<byte> Json);

/// <summary>Reads a JSON object as it comes, arrays item by item: an answer of any size needs no more room than its largest item.</summary>
internal static class JsonParts
{
    private const int First = 64 * 1024;

    /// <summary>Bodies are kept up to some MiB, and may be escaped to six times that, twice.</summary>
    private const int Largest = 1 << 30;

    /// <exception cref="JsonException">It is no JSON object, or ends early.</exception>
    public static async IAsyncEnumerable<JsonPart> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (buffer, length, isLast, scan) = (new byte[First], 0, false, new Scan());
        while (true)
        {
            while (scan.TryNext(buffer.AsSpan(0, length), isLast, out var part))
                yield return new JsonPart(scan.Member, buffer.AsMemory(part));
            if (isLast)
                yield break;
            length -= scan.Take(buffer.AsSpan(0, length));
            if (length == Largest)
                throw new JsonException("an item of the answer is too large");
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(2L * length, Largest));
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            (length, isLast) = (length + read, read == 0);
        }
    }

    /// <summary>How far the bytes that are there have been read.</summary>
    private sealed class Scan
    {
        private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = RawJson.DeepestAround });
        private int _at;

        public string Member { get; private set; } = "";

        /// <summary>The next part, if all of it is there.</summary>
        public bool TryNext(ReadOnlySpan<byte> bytes, bool isLast, out Range part)
        {
            part = default;
            var from = _at;
            var reader = new Utf8JsonReader(bytes[from..], isLast, _state);
            while (true)
            {
                // Where to go back to if the value is not whole yet.
                (_state, _at) = (reader.CurrentState, from + (int)reader.BytesConsumed);
                if (!reader.Read())
                    return false;
                if (reader.TokenType == JsonTokenType.PropertyName)
                    Member = Name(ref reader);
                else if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.EndObject))
                    throw new JsonException("the answer is no JSON object");
                else if (reader.CurrentDepth > 0 && !IsArrayOfParts(reader))
                {
                    var start = from + (int)reader.TokenStartIndex;
                    if (!reader.TrySkip())
                        return false;
                    (_state, _at) = (reader.CurrentState, from + (int)reader.BytesConsumed);
                    part = start.._at;
                    return true;
                }
            }
        }

        /// <summary>Moves what was not read yet to the front; says by how much.</summary>
        public int Take(Span<byte> bytes)
        {
            bytes[_at..].CopyTo(bytes);
            (var taken, _at) = (_at, 0);
            return taken;
        }

        private static bool IsArrayOfParts(in Utf8JsonReader reader) => reader is { CurrentDepth: 1, TokenType: JsonTokenType.StartArray or JsonTokenType.EndArray };

        private static string Name(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString()!;
            }
            catch (InvalidOperationException half)
            {
                throw new JsonException(JobRequestReader.HalfSurrogate, half);
            }
        }
    }
}
