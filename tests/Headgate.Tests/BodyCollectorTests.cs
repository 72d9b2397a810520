namespace Headgate.Tests;

public sealed class BodyCollectorTests
{
    private readonly CollectingRoom _room = new(1_000_000);
    private readonly List<(int? Length, bool IsWhole)> _ended = [];

    [Theory]
    [InlineData(null, 100, true, 100, true)]
    [InlineData(100, 100, true, 100, true)]
    [InlineData(200, 100, true, 100, false)]
    [InlineData(null, 100, false, 100, false)]
    [InlineData(null, 60_000, true, null, false)]
    [InlineData(0, 0, true, 0, true)]
    public void It_tells_once_what_there_is_and_whether_that_is_all(int? announced, int sent, bool ends, int? length, bool isWhole)
    {
        var collector = new BodyCollector(announced, 50_000, _room, (body, whole) => _ended.Add((body?.Length, whole)));
        foreach (var piece in new byte[sent].Chunk(30))
            collector.Take(piece, isEnd: false);
        if (ends)
            collector.Take([], isEnd: true);
        collector.End(isWhole: false);

        Assert.Equal([(length, isWhole)], _ended);
        Assert.True(_room.TryTake(1_000_000), "the room was not given back");
    }

    [Fact]
    public void One_that_is_given_up_gives_its_room_back_and_takes_nothing_more()
    {
        var collector = new BodyCollector(null, 1_000_000, _room, (body, whole) => _ended.Add((body?.Length, whole)));
        collector.Take(new byte[50_000], isEnd: false);

        collector.GiveUp();

        Assert.True(_room.TryTake(1_000_000), "the room was not given back");
        collector.Take(new byte[50_000], isEnd: true);
        collector.End(isWhole: true);
        Assert.Equal([(null, false)], _ended);
    }

    [Fact]
    public void Many_at_once_take_no_more_than_there_is_room_for()
    {
        var collectors = Enumerable.Range(0, 100).Select(_ => new BodyCollector(null, 100_000, _room, (body, whole) => _ended.Add((body?.Length, whole)))).ToList();
        foreach (var collector in collectors)
            collector.Take(new byte[50_000], isEnd: false);

        Assert.Equal(90, _ended.Count(ended => ended.Length is null));
        collectors.ForEach(collector => collector.End(isWhole: true));
        Assert.True(_room.TryTake(1_000_000));
    }
}
