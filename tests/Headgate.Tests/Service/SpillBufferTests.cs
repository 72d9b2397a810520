using Headgate.App.Service;

namespace Headgate.Tests.Service;

public sealed class SpillBufferTests
{
    [Fact]
    public async Task Bytes_come_out_as_they_went_in_whoever_is_faster()
    {
        var random = new Random(7);
        var hasSpilled = false;
        for (var round = 0; round < 10; round++)
        {
            using var buffer = new SpillBuffer();
            var (given, taken, ahead) = (new MemoryStream(), new MemoryStream(), 0);
            while (given.Length < 2_000_000)
            {
                // Now the one is faster, now the other.
                for (var pieces = random.Next(1, 60); pieces > 0; pieces--)
                {
                    var piece = new byte[random.Next(1, 100_000)];
                    random.NextBytes(piece);
                    given.Write(piece);
                    buffer.Add(piece);
                    ahead += piece.Length;
                }
                for (var wanted = random.Next(ahead + 1); wanted > 0;)
                {
                    var piece = await buffer.TakeAsync(CancellationToken.None);
                    taken.Write(piece.Span);
                    wanted -= piece.Length;
                    ahead -= piece.Length;
                }
            }
            buffer.Complete();
            while (await buffer.TakeAsync(CancellationToken.None) is { IsEmpty: false } piece)
                taken.Write(piece.Span);

            Assert.True(given.ToArray().AsSpan().SequenceEqual(taken.ToArray()));
            hasSpilled |= buffer.HasSpilled;
        }
        Assert.True(hasSpilled);
    }

    [Fact]
    public async Task Whoever_reads_waits_for_what_comes_and_for_the_end()
    {
        using var buffer = new SpillBuffer();
        var first = buffer.TakeAsync(CancellationToken.None).AsTask();
        Assert.False(first.IsCompleted);
        buffer.Add([]);
        Assert.False(first.IsCompleted);
        buffer.Add([7]);
        Assert.Equal([7], (await first).ToArray());
        var end = buffer.TakeAsync(CancellationToken.None).AsTask();
        Assert.False(end.IsCompleted);
        buffer.Complete();
        Assert.True((await end).IsEmpty);
        Assert.False(buffer.HasSpilled);
    }
}
