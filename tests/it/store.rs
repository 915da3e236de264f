//! The contract of the store: one suite, on SQLite always, on PostgreSQL when `TEST_DATABASE_URL`
//! names a database in which schemas may be created.

mod crowd;
mod intake;
mod leases;
mod outcomes;
mod postgres_only;
mod site;
mod sqlite_only;
mod throughput;
mod upkeep;

/// Makes a test per engine of every function.
macro_rules! contract {
    ($($module:ident :: { $($test:ident),* $(,)? })*) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let site = crate::store::site::Site::sqlite();
                    crate::store::$module::$test(&site).await;
                })*
            })*
        }
        mod postgres {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    if let Some(site) = crate::store::site::Site::postgres() {
                        crate::store::$module::$test(&site).await;
                        site.clear().await;
                    }
                })*
            })*
        }
    };
}

contract! {
    intake::{
        a_delivery_survives_reopening, a_delivery_is_taken_once, concurrent_duplicates_are_one,
        a_crowd_is_as_if_one_came_after_another,
        an_ignored_delivery_is_kept, equal_jobs_become_one, different_jobs_merge,
        merging_keeps_the_older_place, commands_do_not_merge, jobs_of_other_repositories_are_apart,
        jobs_without_delivery_coalesce_too, one_call_may_bring_equal_jobs,
        a_large_body_comes_back_whole, extreme_ids_come_back,
    }
    leases::{
        the_oldest_comes_first, a_subject_runs_one_job_at_a_time, subjects_run_side_by_side,
        a_running_job_does_not_merge, an_expired_lease_is_taken_over, a_lost_lease_changes_nothing,
        an_overdue_lease_that_nobody_took_is_still_good, extending_keeps_a_lease,
        an_expired_lease_keeps_its_subject_busy, a_newer_job_supersedes, work_wakes_a_waiter,
    }
    outcomes::{
        done_is_gone, a_retry_waits_for_its_time, a_retry_meets_a_waiting_job,
        a_new_event_ends_a_delay, a_later_event_does_not_delay, dead_jobs_are_listed_newest_first,
        a_dead_job_is_revived, reviving_meets_a_waiting_job, a_release_does_not_count,
        a_release_meets_a_waiting_job,
    }
    upkeep::{
        statistics_count_states, next_due_names_the_earliest, pruning_spares_what_is_needed,
        pruning_deletes_more_than_a_portion, a_lost_repository_loses_its_waiting_jobs,
        memory_is_kept_under_the_lease, memory_of_a_repository_is_forgotten,
        plans_that_follow_the_default_branch_are_found, it_is_healthy,
        a_closed_store_says_so,
    }
    crowd::{ every_job_is_done_exactly_once, accepted_jobs_coalesce_under_load }
}
