using Headgate.App.Input;

namespace Headgate.Tests.Input;

[Collection(nameof(CountsMemory))]
public sealed class KeyTableTests
{
    [Fact]
    public void A_key_is_new_once_and_keeps_its_number()
    {
        var table = new KeyTable();
        var number = 7u;
        Assert.True(table.TryAdd("a", ref number));
        number = 8;
        Assert.False(table.TryAdd("a", ref number));
        Assert.Equal(7u, number);
        Assert.False(table.TryGet("b", out _));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void All_of_200000_keys_are_found_again_and_no_others()
    {
        var table = new KeyTable();
        for (var i = 0u; i < 200_000; i++)
        {
            var number = i;
            Assert.True(table.TryAdd($"key-{i}", ref number));
        }
        for (var i = 0u; i < 200_000; i++)
        {
            Assert.True(table.TryGet($"key-{i}", out var number));
            Assert.Equal(i, number);
            Assert.False(table.TryGet($"kex-{i}", out _));
        }
        Assert.Equal(200_000, table.Count);
    }

    [Fact]
    public void A_million_keys_take_less_than_40_bytes_each()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new KeyTable();
        Span<char> key = stackalloc char[16];
        for (var i = 0u; i < 1_000_000; i++)
        {
            var number = i;
            i.TryFormat(key, out var length);
            table.TryAdd(key[..length], ref number);
        }
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        // Others free some of theirs meanwhile; the rows alone are 16 MB.
        Assert.InRange(taken, 12_000_000, 40_000_000);
        GC.KeepAlive(table);
    }
}
