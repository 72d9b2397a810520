using System.Text;
using System.Text.Json;
using Headgate.Remote;

namespace Headgate.Tests.Remote;

public sealed class JsonPartsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Items_come_one_by_one_however_their_bytes_come(int together)
    {
        var large = new string('x', 200_000);
        var json = $$""" {"a":[{"n":[1,[2]]},"ü",[],3.5],"b":{"c":[1]},"d":[],"e":true,"f":["{{large}}"]} """;

        var parts = await ReadAsync(json, together);

        Assert.Equal(["a {\"n\":[1,[2]]}", "a \"ü\"", "a []", "a 3.5", "b {\"c\":[1]}", "e true", $"f \"{large}\""], parts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("7")]
    [InlineData("""{"a":[1,""")]
    [InlineData("""{"a":[1]} x""")]
    [InlineData("<html>")]
    [InlineData("""{"\ud800":1}""")]
    public async Task What_is_no_object_or_is_cut_off_is_refused(string json) => await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(json, 5));

    private static async Task<List<string>> ReadAsync(string json, int together)
    {
        var parts = new List<string>();
        await foreach (var part in JsonParts.ReadAsync(new Trickle(Encoding.UTF8.GetBytes(json), together), CancellationToken.None))
            parts.Add($"{part.Member} {Encoding.UTF8.GetString(part.Json.Span)}");
        return parts;
    }

    private sealed class Trickle(byte[] bytes, int together) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, together)], cancellationToken);
    }
}
