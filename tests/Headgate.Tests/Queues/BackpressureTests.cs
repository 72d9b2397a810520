using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.Tests.Queues;

public sealed class BackpressureTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData(9, "None")]
    [InlineData(10, "Delay")]
    [InlineData(19, "Delay")]
    [InlineData(20, "Reject")]
    public void From_the_threshold_on_it_acts_and_beyond_the_most_it_rejects(long open, string expected) =>
        Assert.Equal(expected, new Backpressure(10, BackpressureAct.Delay, 20).At(open).ToString());

    [Theory]
    [InlineData("None", 0)]
    [InlineData("Delay", 0)]
    [InlineData("DropLowPriority", 2)]
    [InlineData("Reject", 5)]
    public void So_many_of_the_five_priorities_are_refused(string act, int refused) =>
        Assert.Equal(Enum.GetValues<RequestPriority>().TakeLast(refused), Enum.GetValues<RequestPriority>().Where(priority => Backpressure.Refuses(Enum.Parse<BackpressureAct>(act), priority)));

    [Fact]
    public void A_delayed_job_is_begun_ten_seconds_later_and_one_that_is_due_later_still_then()
    {
        var delay = Backpressure.DelayOf(BackpressureAct.Delay);
        Assert.Equal(Now.AddSeconds(10), new StoredJob("a", new JobRequest("http://a"), Now) { RestsUntil = Now + delay }.Due);
        Assert.Equal(Now.AddSeconds(11), new StoredJob("a", new JobRequest("http://a") { NotBefore = TimeSpan.FromSeconds(11) }, Now) { RestsUntil = Now + delay }.Due);
        Assert.Equal(Now, new StoredJob("a", new JobRequest("http://a"), Now) { RestsUntil = Now + Backpressure.DelayOf(BackpressureAct.None) }.Due);
    }
}
