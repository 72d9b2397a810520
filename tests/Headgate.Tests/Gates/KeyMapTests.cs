using Headgate.Gates;

namespace Headgate.Tests.Gates;

public sealed class KeyMapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void It_holds_what_a_dictionary_holds(int stride)
    {
        var (random, map, model) = (new Random(stride), new KeyMap<int>(EqualityComparer<int>.Default), new Dictionary<int, object>());
        for (var step = 0; step < 60_000; step++)
        {
            // Grows, then shrinks to nothing, and grows again.
            var key = random.Next(3000) * stride;
            var index = map.IndexOf(key);
            Assert.Equal(model.GetValueOrDefault(key), index < 0 ? null : map[index]);
            if (index < 0 && random.Next(20_000) > step % 20_000)
                map.Add(key, model[key] = new object());
            else if (index >= 0 && random.Next(20_000) < step % 20_000)
            {
                map.RemoveAt(index);
                model.Remove(key);
            }
            Assert.Equal(model.Count, map.Count);
        }
        Assert.Equal(model.Values.ToHashSet(), Enumerable.Range(0, map.End).Select(index => map[index]).Where(value => value is not null).ToHashSet()!);
    }

    [Fact]
    public void What_is_equal_by_the_comparer_is_one_key()
    {
        var map = new KeyMap<string>(StringComparer.OrdinalIgnoreCase);
        var index = map.Add("One", "1");
        Assert.Equal(index, map.IndexOf("ONE"));
        Assert.Equal(-1, map.IndexOf("two"));
        map.RemoveAt(index);
        Assert.Equal((0, 0, -1), (map.Count, map.End, map.IndexOf("one")));
    }

    [Fact]
    public void Keys_of_one_hash_are_told_apart()
    {
        var map = new KeyMap<int>(EqualityComparer<int>.Create((one, other) => one == other, _ => 7));
        for (var key = 0; key < 500; key++)
            map.Add(key, $"{key}");
        for (var key = 0; key < 500; key += 2)
            map.RemoveAt(map.IndexOf(key));
        for (var key = 0; key < 500; key++)
            Assert.Equal(key % 2 == 0 ? null : $"{key}", map.IndexOf(key) is var index and >= 0 ? map[index] : null);
    }
}
